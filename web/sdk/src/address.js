// Where the server is: everything is relative to one base, so that it may live below a proxy's path.

export class Address {
  /** @param {string | URL} url The base, with or without a slash at its end; relative to the page in a browser. */
  constructor(url) {
    const page = /** @type {any} */ (globalThis).document?.baseURI;
    if (!page && !/^https?:/i.test(String(url))) throw new TypeError(`${url} is no whole address, such as https://chat.example/: only in a page may it be relative`);
    const base = new URL(url, page);
    base.search = '';
    base.hash = '';
    if (!base.pathname.endsWith('/')) base.pathname += '/';
    this.base = base;
  }

  /**
   * @param {string} path Below the base; one that begins with `/`, as the server writes them, too.
   * @param {Record<string, unknown>} [query] What is undefined or null is left out.
   */
  http(path, query = {}) {
    // Behind a dot it is a path, whatever it looks like: `/https://elsewhere/` is one, too.
    const url = new URL(`./${path.replace(/^\/+/, '')}`, this.base);
    for (const [name, value] of Object.entries(query)) {
      if (value === undefined || value === null) continue;
      for (const one of [value].flat()) url.searchParams.append(name, String(one));
    }
    return url.href;
  }

  /** Whether it is the server's own: nobody else is told a token. @param {string} url */
  isOwn(url) {
    const { origin, pathname } = new URL(url);
    return origin === this.base.origin && pathname.startsWith(this.base.pathname);
  }

  /**
   * @param {string} path
   * @param {Record<string, unknown>} [query]
   */
  socket(path, query) {
    return this.http(path, query).replace(/^http/, 'ws');
  }
}
