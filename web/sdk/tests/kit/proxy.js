// A TCP proxy between clients and the server: it cuts, stalls and swallows.
import { connect, createServer } from 'node:net';

export class Proxy {
  #pairs = new Set();
  #server;
  /** Whether what the server says is withheld from now on. */
  #swallows = false;
  /** Whether nobody is let in from now on. */
  #refuses = false;
  #isStalled = false;
  #stalled = [];

  static async before(target) {
    const proxy = new Proxy();
    proxy.#server = createServer((client) => proxy.#join(client, target));
    await new Promise((resolve) => { proxy.#server.listen(0, '127.0.0.1', resolve); });
    proxy.url = `http://127.0.0.1:${proxy.#server.address().port}/`;
    return proxy;
  }

  #join(client, target) {
    if (this.#refuses) {
      client.on('error', () => {});
      client.resetAndDestroy();
      return;
    }
    const server = connect(target.port, '127.0.0.1');
    const pair = { client, server };
    this.#pairs.add(pair);
    client.on('data', (data) => server.write(data));
    server.on('data', (data) => {
      if (this.#swallows) return;
      if (this.#isStalled) this.#stalled.push(() => client.write(data));
      else client.write(data);
    });
    const end = () => {
      client.destroy();
      server.destroy();
      this.#pairs.delete(pair);
    };
    for (const socket of [client, server]) {
      socket.on('error', end);
      socket.on('close', end);
    }
  }

  /** Ends all connections at once. */
  cut() {
    for (const { client, server } of [...this.#pairs]) {
      client.resetAndDestroy();
      server.resetAndDestroy();
    }
  }

  /** From now on nothing the server says arrives, until `cut` and `heal`: acks are lost, what was sent is not. */
  swallow() {
    this.#swallows = true;
  }

  /** From now on no connection is made, until `heal`. */
  refuse() {
    this.#refuses = true;
  }

  heal() {
    this.#swallows = false;
    this.#refuses = false;
  }

  /** Holds back what the server says. */
  stall() {
    this.#isStalled = true;
  }

  flow() {
    this.#isStalled = false;
    for (const write of this.#stalled.splice(0)) write();
  }

  async close() {
    this.cut();
    await new Promise((resolve) => { this.#server.close(resolve); });
  }
}
