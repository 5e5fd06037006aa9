// Elements of the tables that the board's scripts make.

/** @param scope `col` or `row` */
export function headCell(scope, text) {
  const cell = document.createElement("th");
  cell.scope = scope;
  cell.textContent = text;
  return cell;
}

/** @param cells its elements, in order */
export function rowOf(cells) {
  const element = document.createElement("tr");
  element.append(...cells);
  return element;
}
