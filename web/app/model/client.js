// The page's one connection to the server: all protocol is in the client library.
import { ConfabClient, webOutbox, webTokens } from '../../sdk/src/index.js';

export const client = new ConfabClient({
  // Relative to the page, so that a proxy may put it below any path.
  url: '.',
  tokens: webTokens(),
  outbox: webOutbox(),
});
