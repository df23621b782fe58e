// The real server, in a folder of its own, on a port of its own; it may be killed and started again on the same data.
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';

const START_TIMEOUT_MS = 30_000;

/** Which binary is tested: what `cargo xtask test` built, else the developer's own. */
const binary = process.env.CONFAB_BIN ?? new URL('../../../../target/debug/confab', import.meta.url).pathname;

/** A port that was free a moment ago; kept over restarts so that clients find the server again. */
export async function freePort() {
  const server = createServer();
  await new Promise((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  await new Promise((resolve) => { server.close(resolve); });
  return port;
}

export class Server {
  #child = null;
  #exited = Promise.resolve();
  #log = '';

  constructor({ folder, port, adminPort, settings }) {
    this.folder = folder;
    this.port = port;
    this.adminPort = adminPort;
    this.settings = settings;
  }

  /** With its limits out of the way, unless a test is about them. */
  static async start(settings = {}) {
    const folder = await mkdtemp(join(tmpdir(), 'confab-sdk-'));
    const [port, adminPort] = [await freePort(), await freePort()];
    const server = new Server({ folder, port, adminPort, settings });
    await server.up();
    return server;
  }

  get url() {
    return `http://127.0.0.1:${this.port}/`;
  }

  /** Starts it, or starts it again on the same data. */
  async up() {
    const child = spawn(binary, [], {
      cwd: this.folder,
      env: {
        PATH: process.env.PATH,
        HOST: '127.0.0.1',
        PORT: String(this.port),
        ADMIN_PORT: String(this.adminPort),
        DATA_DIR: join(this.folder, 'data'),
        LOG_LEVEL: 'warn',
        LIMIT_DIRECT_SENDS: '100000/1m',
        LIMIT_ROOM_SENDS: '100000/1m',
        LIMIT_LOGINS: '100000/1m',
        LIMIT_REGISTRATIONS: '100000/1m',
        LIMIT_ROOM_CHANGES: '100000/1m',
        LIMIT_FRAMES: '100000/10s',
        LIMIT_EDITS: '100000/1m',
        LIMIT_MARKS: '100000/1m',
        LIMIT_REFRESHES: '100000/1m',
        LIMIT_REQUESTS: '100000/1m',
        ...this.settings,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child = child;
    child.once('error', (error) => { this.#log += error; });
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (text) => { this.#log = `${this.#log}${text}`.slice(-20_000); });
    }
    this.#exited = new Promise((resolve) => { child.once('exit', resolve); });
    const deadline = Date.now() + START_TIMEOUT_MS;
    for (;;) {
      if (child.exitCode !== null) throw new Error(`the server ended:\n${this.#log}`);
      if (await isReady(this.url)) return;
      if (Date.now() > deadline) throw new Error(`the server is not ready:\n${this.#log}`);
      await new Promise((resolve) => { setTimeout(resolve, 30); });
    }
  }

  /** Ends it without a word, as a power cut would. */
  async kill() {
    this.#child?.kill('SIGKILL');
    await this.#exited;
  }

  /** Asks it to end. */
  async stop() {
    this.#child?.kill('SIGTERM');
    await this.#exited;
  }

  /** What it logged last. */
  get log() {
    return this.#log;
  }

  async [Symbol.asyncDispose]() {
    await this.remove();
  }

  async remove() {
    await this.kill();
    await rm(this.folder, { recursive: true, force: true });
  }
}

async function isReady(url) {
  try {
    return (await fetch(new URL('ready', url))).ok;
  } catch {
    return false;
  }
}
