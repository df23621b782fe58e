// The client library of Confab: everything that is public.

export { ConfabClient } from './client.js';
export { Problem } from './problem.js';
export { memoryTokens, webTokens } from './tokens.js';
export { OUTBOX_MAX, uniqueId, webOutbox } from './outbox.js';
export { Timeline } from './timeline.js';

/** @typedef {import('./types/client.js').ClientOptions} ClientOptions */
/** @typedef {import('./types/client.js').ClientEvents} ClientEvents */
/** @typedef {import('./types/client.js').ConnectionState} ConnectionState */
/** @typedef {import('./types/client.js').Phase} Phase */
/** @typedef {import('./types/client.js').Position} Position */
/** @typedef {import('./types/client.js').Draft} Draft */
/** @typedef {import('./types/client.js').Outgoing} Outgoing */
/** @typedef {import('./types/client.js').OutboxStore} OutboxStore */
/** @typedef {import('./types/client.js').Standing} Standing */
/** @typedef {import('./types/client.js').Lock} Lock */
/** @typedef {import('./types/client.js').SocketTimes} SocketTimes */
/** @typedef {import('./types/client.js').Tapped} Tapped */
/** @typedef {import('./types/client.js').Tokens} Tokens */
/** @typedef {import('./types/client.js').TokenStore} TokenStore */
/** @typedef {import('./types/client.js').UploadOptions} UploadOptions */
