// The record of a running Market: opened when RECORD names a file, closed with the Market.

import type { Bus } from "../bus/bus.ts";
import type { BalancerFactory } from "../health/balancer.ts";
import { programLine } from "../program/core/program-events.ts";
import type { ShutdownHooks } from "../program/program.ts";
import { Recorder } from "../record/core/recorder.ts";
import { type OpenedRecordFile, openRecordFile } from "../record/record-file.ts";
import type { AppContext } from "./app-context.ts";

export type Recording =
  | { readonly kind: "none" }
  | { readonly kind: "recording"; readonly core: BalancerFactory; readonly watch: (bus: Bus) => void }
  | Extract<OpenedRecordFile, { kind: "refused" }>;

const BYTES_PER_MEGABYTE = 1_048_576;

/** Without RECORD nothing is opened and the balancer is not wrapped: recording costs nothing when it is off. */
export function openRecording({ settings, clock, say }: AppContext, closers: ShutdownHooks): Recording {
  const { recordFile: path, recordMb } = settings;
  if (path === undefined) return { kind: "none" };
  const recorder: Recorder = new Recorder((line) => {
    if (opened.kind === "open") opened.file.write(line);
  });
  const opened = openRecordFile({
    ...{ path, clock },
    maxBytes: recordMb * BYTES_PER_MEGABYTE,
    onFull: () => recorder.end("the record is full", clock.now()),
    report: (sentence) => say(programLine("record.trouble", sentence)),
  });
  if (opened.kind === "refused") return opened;
  const { file, kept } = opened;
  const former = kept === undefined ? "" : `; the previous record is kept as ${kept}`;
  say(programLine("record.writing", `recording to ${path}, up to ${recordMb} MB${former}`));
  closers.push(clock.onStall((stalledMs) => recorder.stalled(stalledMs, clock.now())));
  closers.push(() => {
    recorder.end("the Market ended", clock.now());
    return file.close();
  });
  return {
    kind: "recording",
    core: (...given) => recorder.open({ at: clock.now(), wallMs: clock.wall() }, ...given),
    watch: (bus) => closers.push(bus.watch((status) => recorder.bus(status, clock.now()))),
  };
}
