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

/** What the server answers; `waiting` is shown as long as there is no answer. @template T @param {() => Promise<T>} ask @param {unknown[]} [about] */
export function useAnswer(ask, about = []) {
  const [answer, setAnswer] = useState(/** @type {T | null} */ (null));
  const [failure, setFailure] = useState('');
  const load = async () => {
    setFailure('');
    try {
      setAnswer(await ask());
    } catch (error) {
      setFailure(chat.explain(error));
    }
  };
  useEffect(() => void load(), about);
  const waiting = failure
    ? html`<div class="empty" role="alert">
        <p>${failure}</p>
        <button type="button" class="button small" onClick=${() => void load()}>${t.tryAgain}</button>
      </div>`
    : answer === null && html`<div class="loading"><div class="spinner" role="img" aria-label=${t.loading}></div></div>`;
  return { answer: failure ? null : answer, load, waiting };
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
