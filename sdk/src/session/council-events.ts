/** What the members agreed on, as events of the session. */
import type { CouncilEvents } from './council.js';
import type { EventQueue } from './event-queue.js';

/** What happens besides. */
export interface CouncilEffects {
  /** Somebody fell silent or came back: whom we steer by has changed. */
  readonly renewClocks: () => void;
  readonly moved: CouncilEvents['moved'];
  readonly ended: CouncilEvents['ended'];
}

/** Queues an event for each thing that the council tells. */
export function councilEvents(
  events: EventQueue,
  { renewClocks, moved, ended }: CouncilEffects,
): CouncilEvents {
  return {
    late: (remote, silentMs) => {
      // A silent peer no longer steers us.
      renewClocks();
      events.push({ type: 'peer-late', peer: remote.peer, silentMs });
    },
    back: (remote, silentMs) => events.push({ type: 'peer-back', peer: remote.peer, silentMs }),
    left: (remote, cutFrame, reason) => {
      renewClocks();
      events.push({ type: 'peer-left', peer: remote.peer, cutFrame, reason });
    },
    substituted: (peer, cutFrame) => {
      renewClocks();
      events.push({ type: 'peer-substituted', peer, cutFrame });
    },
    joined: (peer, slots, frame) => events.push({ type: 'peer-joined', peer, slots, frame }),
    returned: (peer, frame) => events.push({ type: 'peer-returned', peer, frame }),
    moved,
    ended,
  };
}
