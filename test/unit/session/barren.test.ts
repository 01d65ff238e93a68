/** A peer whose packets come but bring no input, while everybody waits for it: it holds the match up like one that is silent. */
import type { RemotePeer } from '../../../sdk/src/session/remote-peer.js';
import { NO_FRAME, type SlotLog } from '../../../sdk/src/session/slot-log.js';
import { type MembershipScene, membershipScene } from './membership-scene.js';

const STEP_MS = 50;

/** Packets of all come, every 50 ms, up to `untilMs`; the last peer brings no input unless `brings` says so. */
function play(
  scene: MembershipScene,
  fromMs: number,
  untilMs: number,
  brings: (ms: number) => boolean = () => false,
): void {
  const { membership, clock, remotes, asked, viewChange } = scene;
  const barren = remotes[remotes.length - 1] as RemotePeer;
  for (let ms = fromMs; ms <= untilMs; ms += STEP_MS) {
    clock.waitTo(ms);
    for (const remote of remotes) {
      remote.lastHeardMs = ms;
      remote.packetsReceived += 1;
      if (remote !== barren || brings(ms)) (remote.logs[0] as SlotLog).received += 1;
    }
    asked.length = 0;
    membership.noteWaiting(true, barren.received, NO_FRAME);
    membership.check(viewChange, undefined);
  }
}

test('after half a second that all wait for it the time counts, and after a quarter more it is late', () => {
  const scene = membershipScene(3);
  play(scene, STEP_MS, 750);
  expect(scene.asked).toEqual([]);
  play(scene, 800, 800);
  expect(scene.asked).toMatchObject([{ suspects: 0, lateSuspects: 0b100, late: 0b100 }]);
  // It is heard, but nobody vouches for it any more.
  expect([scene.membership.hears, scene.membership.slow]).toEqual([0b110, 0b100]);
});

test('inputs now and then are inputs: it is only slow', () => {
  const scene = membershipScene(3);
  play(scene, STEP_MS, 5000, (ms) => ms % 400 === 0);
  expect(scene.asked).toEqual([]);
});

test('without a substitute it is lost as one that is silent would be, also among two', () => {
  for (const scene of [membershipScene(2), membershipScene(3, { substitutes: false })]) {
    const bit = 1 << scene.remotes.length;
    play(scene, STEP_MS, 3500);
    expect(scene.asked.filter(({ suspects, late }) => (suspects | late) !== 0)).toEqual([]);
    play(scene, 3550, 3550);
    expect(scene.asked).toMatchObject([{ suspects: bit, lost: bit, late: 0 }]);
    expect(scene.membership.slow).toBe(bit);
  }
});

test('one input, from itself or through others, and it is as good as any other', () => {
  const scene = membershipScene(2);
  play(scene, STEP_MS, 5000, (ms) => ms === 2000);
  expect(scene.asked.filter(({ suspects }) => suspects !== 0)).toEqual([]);
  play(scene, 5050, 5600);
  expect(scene.asked).toMatchObject([{ suspects: 0b10, lost: 0b10 }]);
});

test('who only greets has not begun: it is waited for', () => {
  const scene = membershipScene(2);
  const greeting = scene.remotes[0] as RemotePeer;
  for (let ms = STEP_MS; ms < 6000; ms += STEP_MS) {
    scene.clock.waitTo(ms);
    greeting.lastHeardMs = ms;
    scene.membership.noteWaiting(true, 0, NO_FRAME);
    scene.membership.check(scene.viewChange, undefined);
  }
  expect(scene.asked).toEqual([]);
});

test('of two that are late, one that somebody hears does not keep the other from being substituted', () => {
  const { membership, clock, asked, viewChange, remotes } = membershipScene(5);
  for (let ms = STEP_MS; ms <= 500; ms += STEP_MS) {
    clock.waitTo(ms);
    for (const remote of remotes.slice(0, 2)) remote.lastHeardMs = ms;
    membership.check(viewChange, undefined);
  }
  expect(asked.at(-1)).toMatchObject({ lateSuspects: 0b11000, late: 0b11000 });
  membership.denied(0b1000, 500);
  membership.check(viewChange, undefined);
  expect(asked.at(-1)).toMatchObject({ lateSuspects: 0b10000, late: 0b10000 });
  // If all that are late are heard by somebody, they are asked about again.
  membership.denied(0b10000, 500);
  membership.check(viewChange, undefined);
  expect(asked.at(-1)).toMatchObject({ lateSuspects: 0b11000, late: 0b11000 });
});

test('while another is silent for long, who is heard may wait for that one', () => {
  const scene = membershipScene(3);
  const [silent, heard] = scene.remotes as [RemotePeer, RemotePeer];
  for (let ms = STEP_MS; ms <= 2500; ms += STEP_MS) {
    scene.clock.waitTo(ms);
    heard.lastHeardMs = ms;
    heard.packetsReceived += 1;
    scene.membership.noteWaiting(true, 0, NO_FRAME);
    scene.membership.check(scene.viewChange, undefined);
    if (ms === 300) expect(scene.membership.slow).toBe(0);
  }
  expect(scene.membership.slow).toBe(0);
  expect(scene.asked.at(-1)).toMatchObject({ suspects: 1 << silent.index });
});
