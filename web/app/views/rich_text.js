// A message's text as nodes: never as markup.
import { chat } from '../model/chat.js';
import { ui } from '../model/ui.js';
import { html } from '../lib/html.js';
import { parseMarkdown, parsePlain } from '../lib/markdown.js';

/** @import { Block, Inline } from '../types.js' */

/** Parsed texts, for as long as they are likely to be rendered again. @type {Map<string, Block[]>} */
const parsed = new Map();
const PARSED_MAX = 400;

/** @param {string} text @param {boolean} isMarkdown */
function blocksOf(text, isMarkdown) {
  const key = `${isMarkdown ? 'm' : 'p'}${text}`;
  let blocks = parsed.get(key);
  if (!blocks) {
    blocks = isMarkdown ? parseMarkdown(text) : parsePlain(text);
    if (parsed.size >= PARSED_MAX) parsed.delete(/** @type {string} */ (parsed.keys().next().value));
    parsed.set(key, blocks);
  }
  return blocks;
}

/** @param {{ text: string, isMarkdown: boolean, mentions: string[] }} props */
export function RichText({ text, isMarkdown, mentions }) {
  return html`<div class="text" dir="auto">${blocksOf(text, isMarkdown).map((block) => viewBlock(block, mentions))}</div>`;
}

/** @param {Block} block @param {string[]} mentions @returns {any} */
function viewBlock(block, mentions) {
  const inline = (/** @type {Inline[]} */ nodes) => nodes.map((node) => viewInline(node, mentions));
  const inner = (/** @type {Block[]} */ blocks) => blocks.map((one) => viewBlock(one, mentions));
  switch (block.type) {
    case 'paragraph':
      return html`<p dir="auto">${inline(block.children)}</p>`;
    case 'heading':
      // A message's heading is no heading of the page.
      return html`<p dir="auto" class=${`md-heading level-${block.level}`}>${inline(block.children)}</p>`;
    case 'code_block':
      return html`<pre tabindex="0"><code>${block.text}</code></pre>`;
    case 'quote':
      return html`<blockquote dir="auto">${inner(block.children)}</blockquote>`;
    case 'rule':
      return html`<hr />`;
    case 'list': {
      const items = block.items.map((item) => html`<li dir="auto">${inner(item)}</li>`);
      return block.ordered ? html`<ol start=${block.start}>${items}</ol>` : html`<ul>${items}</ul>`;
    }
  }
}

/** @param {Inline} node @param {string[]} mentions @returns {any} */
function viewInline(node, mentions) {
  const inner = () => ('children' in node ? node.children.map((child) => viewInline(child, mentions)) : null);
  switch (node.type) {
    case 'text':
      return node.text;
    case 'break':
      return html`<br />`;
    case 'code':
      return html`<code>${node.text}</code>`;
    case 'strong':
      return html`<strong>${inner()}</strong>`;
    case 'emphasis':
      return html`<em>${inner()}</em>`;
    case 'strike':
      return html`<s>${inner()}</s>`;
    case 'link':
      return html`<a href=${node.href} target="_blank" rel="noopener noreferrer nofollow">${inner()}</a>`;
    case 'mention':
      return html`<${Mention} name=${node.name} mentions=${mentions} />`;
  }
}

/** A name that the server found a person for; any other stays the text it was. @param {{ name: string, mentions: string[] }} props */
function Mention({ name, mentions }) {
  const lower = name.toLowerCase();
  if (lower === 'here') return html`<bdi class="mention">@${name}</bdi>`;
  const user = mentions.map((id) => chat.people.get(id)).find((one) => one?.username.toLowerCase() === lower);
  if (!user) return `@${name}`;
  const isMe = user.id === chat.me?.id;
  return html`<span
    dir="auto"
    class=${`mention ${isMe ? 'me' : ''}`}
    title=${user.display_name}
    role="link"
    tabindex="-1"
    onClick=${() => ui.show({ kind: 'profile', userId: user.id })}
    >@${name}</span
  >`;
}

const EMOJI_ONLY = /^(?:\p{Extended_Pictographic}(?:\p{Emoji_Modifier}|\u{fe0f}|\u{200d}\p{Extended_Pictographic})*|\p{Regional_Indicator}{2}|\s){1,12}$/u;

/** Whether it is nothing but a few emoji, which are shown large. @param {string} text */
export const isEmojiOnly = (text) => text.length <= 40 && text.trim() !== '' && EMOJI_ONLY.test(text);
