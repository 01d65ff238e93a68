/**
 * Every number that decides how Rumble feels. Lengths are in arena units (a puck is 28 wide from its centre),
 * speeds in units per frame, times in frames of 1/60 s.
 */

/** Most players in one arena. */
export const PLAYERS_MAX = 8;
export const FRAMES_PER_SECOND = 60;
/** Rounds to win the match. */
export const ROUNDS_TO_WIN = 5;

/** Radius of a puck. */
export const PUCK_RADIUS = 28;
/** Platform radius at the start of a round: room for two, and a little more for each further player. */
export const PLATFORM_RADIUS_BASE = 236;
export const PLATFORM_RADIUS_PER_PLAYER = 15;
/** Pucks start on a circle of this fraction of the platform radius. */
export const SPAWN_RADIUS_FRACTION = 0.62;

/** Push of a full stick. With {@link DRAG} it tops out near 5.5 units per frame. */
export const THRUST = 0.165;
/** Steering against the own motion bites harder, so that a turn feels deliberate on a slippery floor. */
export const THRUST_AGAINST_MOTION = 1.75;
/** Speed kept from one frame to the next while gliding. */
export const DRAG = 0.971;
/** The same with the brake on: also while bracing for a hit. */
export const DRAG_BRAKING = 0.918;
/** The same during a dash. */
export const DRAG_DASHING = 0.988;
/** Share of the thrust that is left while braking. */
export const THRUST_BRAKING = 0.45;
/** Below this speed a puck rests; it also keeps tiny negative numbers out of the state. */
export const REST_SPEED = 0.002;

/** Speed that a dash adds in the steering direction. */
export const DASH_SPEED = 8.2;
/** Share of the old velocity that survives the start of a dash: it redirects more than it adds. */
export const DASH_KEEPS = 0.35;
/** How long a dash counts as a dash. */
export const DASH_FRAMES = 18;
/** From one dash to the next. */
export const DASH_COOLDOWN_FRAMES = 90;

/** Bounce of two pucks: 1 would be steel, 0 clay. */
export const RESTITUTION = 0.82;
/** Smallest speed at which two touching pucks part, so that contact is a bump and never a stick. */
export const BUMP_SPEED = 1.1;
/** How heavy a dashing and a braced puck are, a plain one being 1. */
export const MASS_DASHING = 1.7;
export const MASS_BRACED = 1.45;
/** What a dash does to its victim beyond plain physics. */
export const DASH_KNOCKBACK = 1.22;
/** Share of its speed that a dash keeps after it has hit. */
export const DASH_SPENT = 0.45;
/** No puck is ever faster: faster than this nobody could react. */
export const SPEED_MAX = 17;
/** After a hit, thrust and dash are lost for this many frames plus some per unit of impulse. */
export const STUN_FRAMES_BASE = 3;
export const STUN_FRAMES_PER_IMPULSE = 0.9;
export const STUN_FRAMES_MAX = 22;
/** Impulse from which a contact is announced as a hit. */
export const HIT_IMPULSE_MIN = 1.6;
/** Who touched a puck last gets the credit for its fall during this time. */
export const CREDIT_FRAMES = 150;

/** Frames a puck is seen falling. */
export const FALL_FRAMES = 48;

/** "Three, two, one" before a round; the first one is longer, so that everybody finds their puck. */
export const COUNTDOWN_FRAMES = 132;
export const COUNTDOWN_FIRST_FRAMES = 204;
/** One count. */
export const COUNT_FRAMES = 44;
/** From the decision of a round to the next countdown. */
export const ROUND_END_FRAMES = 132;
/** Earliest moment in the end screen at which a dash asks for a rematch. */
export const REMATCH_AFTER_FRAMES = 150;

/** The platform shrinks in stages: it holds, warns, then gives way. Fractions of the first radius after each. */
export const STAGE_FRACTIONS = [0.84, 0.69, 0.55, 0.42, 0.3, 0] as const;
/** How long the platform holds before the first stage, and before each later one. */
export const HOLD_FIRST_FRAMES = 420;
export const HOLD_FRAMES = 250;
/** How long it takes to give way, and how long the last stage (to nothing) takes. */
export const SHRINK_FRAMES = 72;
export const COLLAPSE_FRAMES = 420;
/** How long before giving way the rim warns. */
export const WARNING_FRAMES = 110;
