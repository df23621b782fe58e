// The client library of Confab: everything that is public.

export { ConfabClient } from './client.js';
export { Problem } from './problem.js';
export { memoryTokens, webTokens } from './tokens.js';
export { OUTBOX_MAX, webOutbox } from './outbox.js';
export { Timeline } from './timeline.js';
export { uniqueId } from './unique.js';

/** @typedef {import('./types/client.js').ClientOptions} ClientOptions */
/** @typedef {import('./types/client.js').ClientEvents} ClientEvents */
/** @typedef {import('./connection.js').ConnectionState} ConnectionState */
/** @typedef {import('./connection.js').Phase} Phase */
/** @typedef {import('./feed.js').Position} Position */
/** @typedef {import('./outbox.js').Draft} Draft */
/** @typedef {import('./outbox.js').Outgoing} Outgoing */
/** @typedef {import('./outbox.js').OutboxStore} OutboxStore */
/** @typedef {import('./presence.js').Standing} Standing */
/** @typedef {import('./session.js').Lock} Lock */
/** @typedef {import('./socket.js').SocketTimes} SocketTimes */
/** @typedef {import('./socket.js').Tapped} Tapped */
/** @typedef {import('./tokens.js').Tokens} Tokens */
/** @typedef {import('./tokens.js').TokenStore} TokenStore */
/** @typedef {import('./upload.js').UploadOptions} UploadOptions */
