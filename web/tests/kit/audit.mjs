// What a machine can say of a page's looks and manners.
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';

const axe = createRequire(import.meta.url).resolve('axe-core/axe.min.js');

/**
 * What axe finds that is serious.
 *
 * @param {import('playwright-core').Page} page
 * @param {{ isTouch?: boolean }} [options] Whether fingers must find everything.
 * @returns {Promise<string[]>}
 */
export async function seriousFindings(page, { isTouch = false } = {}) {
  // Evaluated by the debugger, which the page's policy does not bind.
  if (!(await page.evaluate(() => 'axe' in globalThis))) await page.evaluate(await readFile(axe, 'utf8'));
  return page.evaluate(async (withTargets) => {
    const rules = { 'target-size': { enabled: withTargets } };
    const { violations } = await /** @type {any} */ (globalThis).axe.run(document, { resultTypes: ['violations'], rules });
    return violations
      .filter((/** @type {any} */ { impact }) => impact === 'serious' || impact === 'critical')
      .map((/** @type {any} */ { id, nodes }) => `${id}: ${nodes.slice(0, 3).map((/** @type {any} */ node) => node.html.slice(0, 120)).join(' | ')}`);
  }, isTouch);
}

/** What is wider than what it stands in. @param {import('playwright-core').Page} page @returns {Promise<string[]>} */
export const sticksOut = (page) =>
  page.evaluate(() => {
    const scrollers = [document.documentElement, ...document.querySelectorAll('.timeline, .panel-body, .dialog-body, .conversations, .menu')];
    return scrollers.filter((one) => one.clientWidth > 0 && one.scrollWidth > one.clientWidth).map((one) => one.className || one.tagName);
  });
