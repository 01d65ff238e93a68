/** The small interface between the view change and the session it decides for. */
import type { ViewBody, ViewPlan } from '../wire/view-body.js';
import type { ViewMessage } from '../wire/view-messages.js';
import type { SlotLog } from './slot-log.js';

/** What a coordinator would have happen at a frame that nobody has confirmed. The same object as long as it wants the same. */
export interface WantedPlan extends ViewPlan {
  /** Substituted members that are gone for good. */
  readonly removed: number;
}

/** What the view change asks of its session. Sets of peers are bit masks of indexes in `peers`. */
export interface ViewHost {
  readonly selfIndex: number;
  readonly logs: readonly SlotLog[];
  /** False for a newcomer that still follows views from before it was let in. */
  isIn(): boolean;
  /** Members of the current view that own an active slot, ourselves included. */
  voters(): number;
  /** Members that said goodbye: they will never vote again. */
  gone(): number;
  /** All members but us that should learn a commit. */
  audience(): number;
  /** True if packets of this peer still arrive here. */
  hears(index: number): boolean;
  send(index: number, message: ViewMessage): void;
  /** Stages cells of a slot beyond what its log holds; false if they do not continue it. */
  stage(log: SlotLog, base: number, last: number, cells: Uint8Array): boolean;
  /** Frame of the state that this peer came in with, 0 if it was there from the start. */
  startOf(index: number): number;
  /** Newest frame that no view can cut off, whatever one voter claims to hold. */
  frameFinal(): number;
  /** How long the match has stood still here, ms; 0 if it goes on. */
  waitedMs(): number;
  /** Frames from the newest one that anybody holds to a planned one: time enough to agree. */
  leadFrames(): number;
  /** No frame beyond this is confirmed or acknowledged. */
  limitConfirm(frame: number): void;
  /** The next view is decided. */
  apply(body: ViewBody): void;
  /** This peer decided something else than we did: it is on another branch. False if that was known. */
  strays(index: number): boolean;
  /** Another voter vouches that these peers are alive. */
  vouched(mask: number, by: number): void;
  /** Another voter is against a substitute for these peers: it hears them. */
  denied(mask: number): void;
}
