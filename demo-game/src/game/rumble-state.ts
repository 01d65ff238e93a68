/** Everything that Rumble remembers from one frame to the next, in one buffer. */
import { bool, defineState, f64, i8, i32, type StateOf, table, u8 } from 'rollmesh';
import { PLAYERS_MAX } from './rules.js';

/** What the match is doing; `phase` holds one of these. */
export const PHASE = { countdown: 0, play: 1, roundEnd: 2, matchEnd: 3 } as const;

/** What a puck is doing; `pucks.status` holds one of these. 'absent': nobody plays this slot (any more). */
export const PUCK = { absent: 0, standing: 1, falling: 2, out: 3 } as const;

/** No slot: a draw, or nobody to credit. */
export const NOBODY = -1;

/** The state: match, platform, and one row per puck. */
export const rumbleState = defineState({
  /** One of {@link PHASE}. */
  phase: u8,
  /** Frames since the phase began. */
  phaseFrames: i32,
  /** Round number, from 1. */
  round: i32,
  /** Matches played in this session before this one: a rematch counts it up. */
  rematches: i32,
  /** Slots that played when the match began; a match that began alone never ends. */
  entrants: u8,
  /** Slot that took the last round, or {@link NOBODY}. */
  roundWinner: i8,
  /** Slot that took the match, or {@link NOBODY}. */
  matchWinner: i8,
  /** Platform radius at the start of this round, and now. */
  radiusStart: f64,
  radius: f64,
  pucks: table(PLAYERS_MAX, {
    x: f64,
    y: f64,
    vx: f64,
    vy: f64,
    /** One of {@link PUCK}. */
    status: u8,
    /** 0 to 15: where it looks, and where a dash without steering goes. */
    heading: u8,
    /** Frames since it left the platform. */
    fallFrames: u8,
    /** Frames left of the dash, and until the next one is ready. */
    dashFrames: u8,
    cooldown: u8,
    /** The dash button was down in the last frame: a dash needs a fresh press. */
    dashHeld: bool,
    braking: bool,
    /** 0 to 3: how hard it steers, for the drawing of its engine. */
    thrust: u8,
    stunFrames: u8,
    /** Who hit it last, and for how many frames that still counts. */
    hitBy: i8,
    creditFrames: u8,
    /** Rounds won, and others knocked out, in this match. */
    wins: u8,
    knockouts: u8,
    /** Wants a rematch. */
    ready: bool,
  }),
});

/** See {@link rumbleState}. */
export type RumbleState = StateOf<typeof rumbleState>;
