// Executes the commands of a parent process one by one, and ends with it.

/** @param orders by name: each gets the command, and may return a promise of its result */
export function obey(orders) {
  process.on("message", async ({ id, order }) => {
    try {
      process.send({ id, result: await orders[order.do](order) });
    } catch (error) {
      process.send({ id, error: error?.stack ?? String(error) });
    }
  });
  process.on("disconnect", () => process.exit());
}
