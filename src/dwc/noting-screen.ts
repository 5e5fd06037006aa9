// A screen that prints the note about the --state folder once, after the first output that contains a command.

import { folderNote, offersCommand } from "./core/folder-note.ts";
import type { Screen } from "./core/tty.ts";

export interface NotingScreen {
  readonly screen: Screen;
  /** The note to print at the end. In fullscreen mode the next frame would overwrite it. */
  rest(): string;
}

export function notingScreen(screen: Screen, folder: string): NotingScreen {
  let noted: "not yet" | "at the end" | "said" = "not yet";
  const note = folderNote(folder).join("\n");
  const sayNote = (text: string): void => {
    if (noted === "said" || !offersCommand(text)) return;
    noted = "said";
    screen.writeNote(note);
  };
  return {
    screen: {
      ...screen,
      write: (text) => {
        screen.write(text);
        sayNote(text);
      },
      writeNote: (sentence) => {
        screen.writeNote(sentence);
        sayNote(sentence);
      },
      draw: (lines) => {
        screen.draw(lines);
        if (noted === "not yet" && lines.some(offersCommand)) noted = "at the end";
      },
    },
    rest: () => (noted === "at the end" ? `${note}\n` : ""),
  };
}
