/** What goes wrong on the way into a match, and whether a player is told in words that help. */
import { startLobbyServer } from 'rollmesh-lobby';
import { type DemoLab, lookFor, openDemoLab, reads, roomCode } from './demo-lab.js';

let lab: DemoLab;

beforeAll(async () => {
  lab = await openDemoLab();
});

afterAll(async () => {
  await lab?.close();
});

test.each(['AAAA-AAAA', 'hello'])('the code %s of no room is called that, with a way back', async (code) => {
  const { page } = await lab.open(`room=${code}&draw=0`);
  await reads(page, 'No such room');
  await reads(page, `Room ${code.toUpperCase()} does not exist.`);
  await page.getByRole('button', { name: 'To the menu' }).click();
  await page.getByRole('button', { name: 'Create a room' }).waitFor();
  expect(new URL(page.url()).searchParams.has('room')).toBe(false);
});

test('a full room says that it is full', async () => {
  const owner = await lab.open('room=new&bots=7&draw=0');
  const code = await roomCode(owner.page);
  await reads(owner.page, '+ 7 bots');
  const { page } = await lab.open(`room=${code}&draw=0`);
  await reads(page, 'The room is full');
});

test('an unreachable lobby says so, offers another try, and practice works without it', async () => {
  const { page } = await lab.open('room=new&draw=0&lobby=http://localhost:1');
  await reads(page, 'The lobby does not answer');
  await page.getByRole('button', { name: 'Try again' }).waitFor();
  await page.getByRole('button', { name: 'Practice' }).click();
  await lookFor(page, ({ sessionPhase }) => sessionPhase === 'running');
});

test('a lobby of another version asks for a reload', async () => {
  const { page } = await lab.open('draw=0&practice=1');
  await page.routeWebSocket(/\/lobby/, (socket) => {
    socket.onMessage((text) => {
      const { rid } = JSON.parse(String(text)) as { readonly rid?: number };
      const refusal = { t: 'err', rid, code: 'version-mismatch', message: 'too old', protocol: [99] };
      socket.send(JSON.stringify(refusal));
      void socket.close({ code: 4000, reason: 'bad hello' });
    });
  });
  await page.goto(`${lab.url}/?room=new&draw=0`);
  await reads(page, 'Time for a reload');
});

test('a lobby that goes away while friends wait is named, and what is there stays there', async () => {
  const lobby = await startLobbyServer({ port: 0 });
  const { page } = await lab.open(`room=new&draw=0&name=Ada&lobby=http://localhost:${lobby.port}`);
  await roomCode(page);
  await lobby.close();
  await reads(page, 'The lobby is away; it comes back by itself.');
  await reads(page, 'Ada');
});

test('a friend whose browser dies is missed, and the match goes to the other', async () => {
  const ada = await lab.open('room=new&name=Ada&bot=1&players=2&draw=0');
  const bob = await lab.open(`room=${await roomCode(ada.page)}&name=Bob&bot=1&draw=0`);
  await lookFor(ada.page, ({ frameFinal }) => frameFinal > 30);
  const session = await bob.page.context().newCDPSession(bob.page);
  session.send('Page.crash').catch(() => {});
  await reads(ada.page, 'Bob lost the connection.');
  const { winner } = await lookFor(ada.page, ({ winner }) => winner >= 0);
  expect(winner).toBe(0);
});
