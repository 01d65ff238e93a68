/** Starting a browser and playing half a minute takes its time; a test that hangs must still end. */
import { jest } from '@jest/globals';

jest.setTimeout(180_000);
