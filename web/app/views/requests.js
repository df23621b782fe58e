// What views ask for: a module, an answer, a deed done once; and what they say when it cannot be had.
import { chat } from '../model/chat.js';
import { ui } from '../model/ui.js';
import { html, useEffect, useRef, useState } from '../lib/html.js';
import { t } from '../strings/index.js';

/** @type {Record<string, number>} */
const failures = {};

/** A module of this folder that few need, fetched when it is first asked for; null when it cannot be had now, which is said. @param {string} name @returns {Promise<any>} */
export async function fetched(name) {
  const again = failures[name] ?? 0;
  try {
    // Some browsers remember that an address failed: another attempt needs another one.
    return await import(`./${name}.js${again ? `?again=${again}` : ''}`);
  } catch {
    failures[name] = again + 1;
    ui.toast(t.notFetched);
    return null;
  }
}

/**
 * What the server answers; `waiting` is shown as long as there is no answer, `failed` when there will be none. Only the
 * latest question counts. @template T @param {(signal: AbortSignal) => Promise<T>} ask @param {unknown[]} [about] @param {number} [delayMs]
 */
export function useAnswer(ask, about = [], delayMs = 0) {
  const [answer, setAnswer] = useState(/** @type {T | null} */ (null));
  const [failure, setFailure] = useState('');
  const latest = useRef(/** @type {AbortController | null} */ (null));
  const load = async () => {
    latest.current?.abort();
    const { signal } = (latest.current = new AbortController());
    setFailure('');
    try {
      const given = await ask(signal);
      if (!signal.aborted) setAnswer(given);
    } catch (error) {
      if (!signal.aborted) setFailure(chat.explain(error));
    }
  };
  useEffect(() => {
    const timer = delayMs ? setTimeout(load, delayMs) : void load();
    return () => {
      clearTimeout(timer);
      latest.current?.abort();
    };
  }, about);
  const failed =
    failure &&
    html`<div class="empty" role="alert">
      <p>${failure}</p>
      <button type="button" class="button small" onClick=${() => void load()}>${t.tryAgain}</button>
    </div>`;
  return { answer: failure ? null : answer, load, failed, waiting: failed || (answer === null && html`<${Loading} />`) };
}

/**
 * A list of any length, a page after the other; `more` is shown where it goes on. @template T
 * @param {(page: { limit: number, cursor?: string }, signal?: AbortSignal) => Promise<{ items: T[], next_cursor: string | null }>} ask
 * @param {unknown[]} [about] @param {number} [delayMs]
 */
export function usePages(ask, about = [], delayMs = 0) {
  const limit = 50;
  const [tail, setTail] = useState(/** @type {{ items: T[], cursor: string | null }} */ ({ items: [], cursor: null }));
  const { answer, ...others } = useAnswer(
    async (signal) => {
      const page = await ask({ limit }, signal);
      if (!signal.aborted) setTail({ items: [], cursor: page.next_cursor });
      return page.items;
    },
    about,
    delayMs,
  );
  const next = useOnce(async () => {
    const { cursor } = tail;
    const page = cursor && (await chat.attempt(ask({ limit, cursor })));
    // Something else may be asked for by now.
    if (page) setTail((now) => (now.cursor === cursor ? { items: [...now.items, ...page.items], cursor: page.next_cursor } : now));
  });
  const more = answer && tail.cursor && html`<button type="button" class="button small plain" onClick=${() => void next()}>${t.showMore}</button>`;
  return { ...others, items: answer && [...answer, ...tail.items], more };
}

/** It is on its way. */
export const Loading = () => html`<div class="loading"><div class="spinner" role="img" aria-label=${t.loading}></div></div>`;

/** Where one says what is looked for. @param {{ label: string, words: string, change: (words: string) => void } & Record<string, unknown>} props */
export function SearchField({ label, words, change, field, ...more }) {
  return html`<input
    class="input"
    type="search"
    ref=${field}
    dir=${words ? 'auto' : undefined}
    placeholder=${label}
    aria-label=${label}
    value=${words}
    onInput=${(/** @type {any} */ event) => change(event.target.value)}
    ...${more}
  />`;
}

/** A deed that is not done again while it is being done, as a double click asks for. @template {unknown[]} A @param {(...of: A) => Promise<unknown>} act */
export function useOnce(act) {
  const isBusy = useRef(false);
  return async (/** @type {A} */ ...of) => {
    if (/** @type {any} */ (of[0])?.type === 'submit') /** @type {any} */ (of[0]).preventDefault();
    if (isBusy.current) return;
    isBusy.current = true;
    await act(...of).finally(() => {
      isBusy.current = false;
    });
  };
}

/** A form that is sent once at a time, and says what came of it. @param {(form: FormData, element: HTMLFormElement) => Promise<unknown>} act @param {string} [done] */
export function useForm(act, done = t.saved) {
  const [words, setWords] = useState({ isWrong: false, text: '' });
  const submit = useOnce(async (/** @type {SubmitEvent} */ event) => {
    const element = /** @type {HTMLFormElement} */ (event.target);
    try {
      await act(new FormData(element), element);
      setWords({ isWrong: false, text: done });
    } catch (error) {
      setWords({ isWrong: true, text: chat.explain(error) });
    }
  });
  return { submit, said: html`<span role="status" class=${words.isWrong ? 'wrong' : 'small muted'}>${words.text}</span>` };
}
