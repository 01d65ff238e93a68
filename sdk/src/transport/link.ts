/**
 * One link: our view of the connection to one peer, judged by our own clock.
 *
 * The browser reports a dead peer after 8 to 18 seconds, or never (docs/state-machines.md); so a link lives on what
 * was heard. The peer with the greater id offers, always: there is no glare, by construction. Times here are
 * milliseconds awake (awake-clock.ts).
 */
import type { PeerId } from '../base/peer-id.js';
import { CandidateTally } from './candidate-tally.js';
import { type ChannelFacts, readChannelFacts } from './channel-facts.js';
import { LinkChannels, MESSAGE_BYTES_MAX } from './link-channels.js';
import {
  CANDIDATES_MAX,
  HEARTBEAT_INTERVAL_MS,
  LOST_AFTER_MS,
  OPEN_WITHIN_MS,
  SUSPECT_AFTER_MS,
} from './link-limits.js';
import { assertLinkMove } from './link-moves.js';
import type { MutableMeshCounters } from './mesh-counters.js';
import { decodeMeshMessage, encodeGoodbye, HEARTBEAT, MESH_MESSAGE_MIN } from './mesh-messages.js';
import type { ConnectionSignal, PeerJsConnection } from './peerjs-connections.js';
import type { LinkChannel, LinkLostReason, LinkPhase } from './transport.js';

/** Why a link was lost and what led to it. */
export interface LinkLoss {
  readonly reason: LinkLostReason;
  readonly detail: string;
}

/** What a link needs from its mesh. */
export interface LinkHost {
  readonly counters: MutableMeshCounters;
  awakeMs(): number;
  phaseChanged(link: Link, loss?: LinkLoss): void;
  /** We ended a connection. */
  ended(link: Link, connectionId: string): void;
  /** Something arrived; called before the message itself is delivered. */
  heard(): void;
  received(link: Link, channel: LinkChannel, bytes: Uint8Array): void;
  drained(link: Link, channel: LinkChannel): void;
}

/** A connection under way or in use. */
interface Attempt {
  readonly id: string;
  readonly connection: PeerJsConnection;
  readonly channels: LinkChannels;
  readonly local: CandidateTally;
  readonly remote: CandidateTally;
  candidates: number;
  /** We have both descriptions. */
  answered: boolean;
}

/** The connection to one peer from first contact to loss. A peer met again gets a new one. */
export class Link {
  readonly peer: PeerId;
  readonly #host: LinkHost;
  #phase: LinkPhase = 'new';
  #attempt: Attempt | undefined;
  #startedAtMs: number;
  #heardAtMs = 0;
  #sentAtMs = Number.NEGATIVE_INFINITY;
  #trouble: string | undefined;

  constructor(peer: PeerId, host: LinkHost) {
    this.peer = peer;
    this.#host = host;
    this.#startedAtMs = host.awakeMs();
  }

  get phase(): LinkPhase {
    return this.#phase;
  }

  /** Id of the current connection. */
  get connectionId(): string | undefined {
    return this.#attempt?.id;
  }

  get answered(): boolean {
    return this.#attempt?.answered === true;
  }

  /** When the current connection, or the wait for an offer, began. */
  get startedAtMs(): number {
    return this.#startedAtMs;
  }

  /** Takes a new connection; one under way is given up for it. Only before the link is open. */
  adopt(connection: PeerJsConnection, id: string): void {
    this.#drop();
    const { peerConnection } = connection;
    const current = (): boolean => this.#attempt?.connection === connection;
    const channels = new LinkChannels(peerConnection, {
      opened: () => this.#channelsOpened(),
      closed: () => this.#channelClosed(),
      received: (channel, message) => this.#received(channel, message),
      drained: (channel) => this.#host.drained(this, channel),
    });
    this.#attempt = {
      id,
      connection,
      channels,
      local: new CandidateTally(),
      remote: new CandidateTally(),
      candidates: 0,
      answered: false,
    };
    this.#startedAtMs = this.#host.awakeMs();
    peerConnection.addEventListener('iceconnectionstatechange', () => {
      if (current()) this.#pathChanged(peerConnection);
    });
    peerConnection.addEventListener('connectionstatechange', () => {
      if (current()) this.#pathChanged(peerConnection);
    });
    if (this.#phase === 'new') this.#move('checking');
  }

  /** Notes an outgoing signal; false if it belongs to a connection already given up and must not go out. */
  signalSent(signal: ConnectionSignal): boolean {
    const attempt = this.#attempt;
    if (attempt === undefined || attempt.id !== signal.connectionId) return false;
    if (signal.kind === 'candidate') attempt.local.add(signal.candidate);
    else attempt.local.addDescription(signal.sdp);
    if (signal.kind === 'answer') attempt.answered = true;
    return true;
  }

  /** Notes an incoming signal; false if it does not fit the current connection and must be dropped. */
  signalReceived(signal: ConnectionSignal): boolean {
    const attempt = this.#attempt;
    if (attempt === undefined || attempt.id !== signal.connectionId) return false;
    if (signal.kind === 'candidate') {
      attempt.candidates += 1;
      if (attempt.candidates > CANDIDATES_MAX) return false;
      attempt.remote.add(signal.candidate);
      return true;
    }
    attempt.remote.addDescription(signal.sdp);
    if (signal.kind === 'offer') return true;
    if (attempt.answered) return false;
    attempt.answered = true;
    return true;
  }

  /** Remembers what the browser refused, for the words of a failure. */
  noteTrouble(words: string): void {
    this.#trouble = words.slice(0, 200);
  }

  /** Hands bytes to a channel; false if the link is not open or the queue is full. */
  send(channel: LinkChannel, bytes: Uint8Array): boolean {
    if (this.#phase !== 'open' && this.#phase !== 'suspect') return false;
    const awakeMs = this.#host.awakeMs();
    const taken = (this.#attempt as Attempt).channels.send(channel, bytes, awakeMs);
    if (taken && channel === 'unreliable') this.#sentAtMs = awakeMs;
    return taken;
  }

  queuedBytes(channel: LinkChannel): number {
    return this.#attempt?.channels.queuedBytes(channel) ?? 0;
  }

  facts(): Promise<ChannelFacts> | undefined {
    const attempt = this.#attempt;
    return attempt && readChannelFacts(attempt.connection.peerConnection, attempt.channels);
  }

  /** Sends a heartbeat and judges the peer's silence, if it is time. */
  poll(awakeMs: number): void {
    if (this.#phase === 'lost') return;
    if (this.#attempt?.channels.open && awakeMs - this.#sentAtMs >= HEARTBEAT_INTERVAL_MS)
      this.#sendHeartbeat(awakeMs);
    const silentMs = awakeMs - this.#heardAtMs;
    if (this.#phase === 'open') {
      if (silentMs >= SUSPECT_AFTER_MS) this.#move('suspect');
    } else if (this.#phase === 'suspect') {
      if (silentMs >= LOST_AFTER_MS)
        this.lose({ reason: 'silent', detail: `nothing heard for ${LOST_AFTER_MS / 1000} s` });
    } else if (awakeMs - this.#startedAtMs >= OPEN_WITHIN_MS) {
      this.lose({ reason: 'failed', detail: this.#failureWords() });
    }
  }

  /** Ends the link; if we are the one who ends it, the peer is told on the channels. Idempotent. */
  lose(loss: LinkLoss): void {
    if (this.#phase === 'lost') return;
    const id = this.connectionId;
    if (loss.reason !== 'goodbye') this.#sayGoodbye(loss.reason === 'silent' ? 'silent' : 'leaving');
    this.#drop();
    if (loss.reason !== 'goodbye' && id !== undefined) this.#host.ended(this, id);
    this.#move('lost', loss);
  }

  #sayGoodbye(code: 'leaving' | 'silent'): void {
    const channels = this.#attempt?.channels;
    if (!channels?.open) return;
    const bytes = encodeGoodbye(code);
    // Three times, since the connection closes before a lost one could be sent again.
    const awakeMs = this.#host.awakeMs();
    for (let copies = 0; copies < 3; copies += 1) channels.send('unreliable', bytes, awakeMs);
    channels.send('reliable', bytes, awakeMs);
  }

  #drop(): void {
    this.#attempt?.channels.silence();
    this.#attempt?.connection.close();
    this.#attempt = undefined;
    this.#sentAtMs = Number.NEGATIVE_INFINITY;
  }

  #move(phase: LinkPhase, loss?: LinkLoss): void {
    assertLinkMove(this.#phase, phase);
    this.#phase = phase;
    this.#host.phaseChanged(this, loss);
  }

  #sendHeartbeat(awakeMs: number): void {
    if (this.#attempt?.channels.send('unreliable', HEARTBEAT, awakeMs)) this.#sentAtMs = awakeMs;
  }

  #channelsOpened(): void {
    const awakeMs = this.#host.awakeMs();
    this.#sendHeartbeat(awakeMs);
    // Also where it cannot get lost: the peer waits for it.
    this.#attempt?.channels.send('reliable', HEARTBEAT, awakeMs);
  }

  #channelClosed(): void {
    if (this.#phase === 'checking')
      this.lose({ reason: 'failed', detail: `the peer closed the connection; ${this.#failureWords()}` });
    else this.lose({ reason: 'goodbye', detail: 'the peer closed the connection' });
  }

  #pathChanged(connection: RTCPeerConnection): void {
    const failed = connection.iceConnectionState === 'failed' || connection.connectionState === 'failed';
    if (this.#phase === 'checking') {
      if (failed) this.lose({ reason: 'failed', detail: this.#failureWords() });
    } else if (this.#phase === 'open' && (failed || connection.iceConnectionState === 'disconnected')) {
      this.#move('suspect');
    }
  }

  #received(channel: LinkChannel, message: unknown): void {
    const { counters } = this.#host;
    this.#heardAtMs = this.#host.awakeMs();
    this.#host.heard();
    if (this.#phase === 'lost') return;
    // A peer sends when its three channels are open; ours open one by one, in the same moment.
    if (!this.#attempt?.channels.open || !(message instanceof ArrayBuffer) || message.byteLength === 0) {
      counters.malformedMessages += 1;
      return;
    }
    // So what arrives proves that both ends may send.
    if (this.#phase === 'checking' || this.#phase === 'suspect') this.#move('open');
    // A listener may have closed the link.
    if (this.#phase !== 'open') return;
    if (message.byteLength > MESSAGE_BYTES_MAX[channel]) {
      counters.oversizedMessages += 1;
      return;
    }
    const bytes = new Uint8Array(message);
    if ((bytes[0] as number) < MESH_MESSAGE_MIN) this.#host.received(this, channel, bytes);
    else this.#meshMessage(bytes);
  }

  #meshMessage(bytes: Uint8Array): void {
    const message = decodeMeshMessage(bytes);
    if (message === undefined) this.#host.counters.unknownMeshMessages += 1;
    else if (message.kind === 'goodbye') this.lose(lossFromGoodbye(message.code));
  }

  #failureWords(): string {
    const attempt = this.#attempt;
    if (attempt === undefined) return 'no offer arrived from the peer';
    const { iceConnectionState, connectionState } = attempt.connection.peerConnection;
    return [
      attempt.answered ? 'descriptions exchanged' : 'no answer from the peer',
      `candidates here: ${attempt.local}`,
      `candidates there: ${attempt.remote}`,
      `ICE ${iceConnectionState}, connection ${connectionState}`,
      ...(this.#trouble === undefined ? [] : [`the browser said: ${this.#trouble}`]),
    ].join('; ');
  }
}

function lossFromGoodbye(code: 'leaving' | 'silent'): LinkLoss {
  if (code === 'leaving') return { reason: 'goodbye', detail: 'the peer said goodbye' };
  return { reason: 'silent', detail: 'the peer had heard nothing from us and gave up' };
}
