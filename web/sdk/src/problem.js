// What went wrong, over REST and over the socket alike.

/** @import { FieldProblem } from './generated/types.js' */
/** @import { ProblemCode } from './types/client.js' */

/** Not known to have been done, or known not to have been: the same attempt may be made again. */
const PASSING = new Set(['unauthenticated', 'rate_limited', 'internal', 'unavailable', 'offline', 'timeout', 'aborted', 'stopped']);

/** An attempt that failed. */
export class Problem extends Error {
  /**
   * @param {ProblemCode | string} code
   * @param {string} message For a developer to read.
   * @param {object} [more]
   * @param {number | null} [more.status]
   * @param {FieldProblem[]} [more.fields]
   * @param {number | null} [more.retryAfterMs]
   * @param {string | null} [more.requestId]
   * @param {unknown} [more.cause]
   */
  constructor(code, message, { status = null, fields = [], retryAfterMs = null, requestId = null, cause } = {}) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'Problem';
    /** One of the closed list, or of the client's own. */
    this.code = code;
    /** The HTTP status, when there was one. */
    this.status = status;
    /** The fields that were refused. */
    this.fields = fields;
    /** When a further attempt can succeed, in milliseconds from now, when the server said so. */
    this.retryAfterMs = retryAfterMs;
    /** To be named when asking for help. */
    this.requestId = requestId;
  }

  /** Whether another attempt would be refused too. */
  get isFinal() {
    return !PASSING.has(this.code);
  }

  /**
   * From a response that is not a success.
   *
   * @param {Response} response
   */
  static async fromResponse(response) {
    /** @type {any} */
    let body = {};
    try {
      body = await response.json();
    } catch {
      // A proxy's page, not ours.
    }
    const seconds = Number(response.headers.get('retry-after') || NaN);
    const retryAfterMs = body.retry_after_ms ?? (Number.isFinite(seconds) ? seconds * 1000 : null);
    return new Problem(body.code ?? codeOf(response.status), body.detail ?? body.title ?? `HTTP ${response.status}`, {
      status: response.status,
      fields: body.errors ?? [],
      retryAfterMs,
      requestId: body.request_id ?? response.headers.get('x-request-id'),
    });
  }

  /**
   * From an `error` frame.
   *
   * @param {{ code: string, reason: string, errors?: FieldProblem[], retry_after_ms?: number | null }} frame
   */
  static fromFrame(frame) {
    return new Problem(frame.code, frame.reason, { fields: frame.errors ?? [], retryAfterMs: frame.retry_after_ms ?? null });
  }
}

/**
 * Of an answer that was not the server's own.
 *
 * @param {number} status
 * @returns {ProblemCode}
 */
function codeOf(status) {
  switch (status) {
    case 401: return 'unauthenticated';
    case 403: return 'forbidden';
    case 404: return 'not_found';
    case 405: return 'method_not_allowed';
    case 409: return 'conflict';
    case 413: return 'too_large';
    case 415: return 'unsupported_media';
    case 429: return 'rate_limited';
    case 502:
    case 503:
    case 504: return 'unavailable';
    default: return status >= 500 ? 'internal' : 'invalid';
  }
}
