import { createMesh, type SignalChannel } from '../../../sdk/src/transport/index.js';
import { loadPeerJs } from '../../../sdk/src/transport/peerjs-library.js';

const signals: SignalChannel = { self: 'ada', sendSignal: () => {}, onSignal: () => () => {} };

test('without WebRTC a mesh is refused with words that help', () => {
  expect(() => createMesh({ signals })).toThrow(
    expect.objectContaining({
      code: 'unsupported-browser',
      message: 'This browser has no WebRTC. Use a current browser.',
    }),
  );
});

test('PeerJS loads outside a browser too, once, with the classes the mesh extends', async () => {
  const library = await loadPeerJs();
  expect(typeof library.Peer).toBe('function');
  expect(typeof library.BufferedConnection).toBe('function');
  expect(await loadPeerJs()).toBe(library);
});
