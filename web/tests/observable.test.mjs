// Views show their models as they are, whenever these change.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stage } from './kit/stage.mjs';

const all = stage();

test('what changes between a first rendering and its effects is shown', async () => {
  const ada = await all.person();
  const shown = await ada.page.evaluate(async () => {
    const script = /** @type {HTMLScriptElement} */ (document.querySelector('script[type=module]'));
    const { html, render } = await import(new URL('lib/html.js', script.src).href);
    const { Observable, useObserved } = await import(new URL('lib/observable.js', script.src).href);
    const model = Object.assign(new Observable(), { words: 'before' });
    const place = document.createElement('p');
    const View = () => {
      useObserved(model);
      return html`<span>${model.words}</span>`;
    };
    render(html`<${View} />`, place);
    // Effects run after a frame: nobody listens yet.
    model.words = 'after';
    model.changed();
    await Promise.resolve();
    const deadline = performance.now() + 5_000;
    while (place.textContent !== 'after' && performance.now() < deadline) await new Promise((resolve) => requestAnimationFrame(resolve));
    return place.textContent;
  });
  assert.equal(shown, 'after');
});
