// Markdown as a tree: the part of CommonMark that people use in a chat, in linear time, with no way to say HTML.
//
// Our own because text comes from strangers: what a parser does with 16,384 characters of "> " or "*a_b" is what
// happens to everybody in the room (web/README.md has the figures). Nothing here makes markup; a view builds nodes.

/** @import { Block, Delimiter, Inline } from '../types.js' */

/** Quotes and lists deeper than this are shown as text. */
const DEPTH_MAX = 6;
/** Emphasis within emphasis. */
const NESTING_MAX = 8;
const LINK_CHARS_MAX = 2_000;

const FENCE = /^ {0,3}(`{3,}|~{3,})([^`]*)$/;
const HEADING = /^ {0,3}(#{1,6})[ \t]+(.*)$/;
const RULE = /^ {0,3}(?:(?:\*[ \t]*){3,}|(?:-[ \t]*){3,}|(?:_[ \t]*){3,})$/;
const QUOTE = /^ {0,3}> ?/;
const ITEM = /^( {0,3})([-*+]|\d{1,9}[.)])([ \t]+|$)/;

/**
 * @param {string} text
 * @returns {Block[]}
 */
export function parseMarkdown(text) {
  return blocks(text.split('\n'), 0);
}

/** Text that is no markdown: links, names and line breaks only. @param {string} text @returns {Block[]} */
export function parsePlain(text) {
  return [{ type: 'paragraph', children: new InlineParser(text, false).parse() }];
}

/**
 * @param {string[]} lines
 * @param {number} depth
 * @returns {Block[]}
 */
function blocks(lines, depth) {
  /** @type {Block[]} */
  const found = [];
  /** @type {string[]} */
  let paragraph = [];
  const endParagraph = () => {
    const text = paragraph.join('\n').trim();
    if (text) found.push({ type: 'paragraph', children: inlines(text) });
    paragraph = [];
  };
  let at = 0;
  while (at < lines.length) {
    const line = lines[at];
    const fence = FENCE.exec(line);
    if (fence) {
      endParagraph();
      at = codeBlock(lines, at, fence, found);
      continue;
    }
    const heading = HEADING.exec(line);
    if (heading) {
      endParagraph();
      const title = heading[2].replace(/[ \t]#+[ \t]*$/, '').trim();
      found.push({ type: 'heading', level: heading[1].length, children: inlines(title) });
      at += 1;
      continue;
    }
    if (RULE.test(line)) {
      endParagraph();
      found.push({ type: 'rule' });
      at += 1;
      continue;
    }
    if (QUOTE.test(line) && depth < DEPTH_MAX) {
      endParagraph();
      /** @type {string[]} */
      const inner = [];
      while (at < lines.length && QUOTE.test(lines[at])) inner.push(lines[at++].replace(QUOTE, ''));
      found.push({ type: 'quote', children: blocks(inner, depth + 1) });
      continue;
    }
    const item = ITEM.exec(line);
    // A number in running text begins a list only where a paragraph begins, and only as 1.
    const begins = item && (paragraph.length === 0 || !/^\d/.test(item[2]) || item[2].startsWith('1'));
    if (item && begins && depth < DEPTH_MAX && line.trim() !== item[2]) {
      endParagraph();
      at = list(lines, at, depth, found);
      continue;
    }
    if (line.trim() === '') endParagraph();
    else paragraph.push(line);
    at += 1;
  }
  endParagraph();
  return found;
}

/**
 * @param {string[]} lines
 * @param {number} at
 * @param {RegExpExecArray} fence
 * @param {Block[]} found
 */
function codeBlock(lines, at, fence, found) {
  const [, marker, info] = fence;
  /** @type {string[]} */
  const code = [];
  let next = at + 1;
  for (; next < lines.length; next += 1) {
    const end = lines[next].trim();
    if (end.length >= marker.length && end === marker[0].repeat(end.length)) {
      next += 1;
      break;
    }
    code.push(lines[next]);
  }
  found.push({ type: 'code_block', text: code.join('\n'), language: info.trim().split(/\s/)[0] ?? '' });
  return next;
}

/**
 * @param {string[]} lines
 * @param {number} at
 * @param {number} depth
 * @param {Block[]} found
 */
function list(lines, at, depth, found) {
  const first = /** @type {RegExpExecArray} */ (ITEM.exec(lines[at]));
  const isOrdered = /^\d/.test(first[2]);
  const sign = first[2].slice(-1);
  /** @type {Block[][]} */
  const items = [];
  /** @type {string[]} */
  let inner = [];
  let indent = 0;
  let next = at;
  for (; next < lines.length; next += 1) {
    const line = lines[next];
    const item = ITEM.exec(line);
    const indented = line.length - line.trimStart().length;
    if (item && indented < Math.max(indent, 2) && !RULE.test(line)) {
      if (/^\d/.test(item[2]) !== isOrdered || item[2].slice(-1) !== sign) break;
      if (next > at) items.push(blocks(inner, depth + 1));
      indent = item[0].length;
      inner = [line.slice(item[0].length)];
    } else if (line.trim() === '') {
      // One empty line may stand between items; what follows must be indented or an item.
      const after = lines[next + 1];
      if (after === undefined || !(/^ {2,}\S/.test(after) || ITEM.test(after))) break;
      inner.push('');
    } else if (indented >= 2) {
      inner.push(line.slice(Math.min(indented, indent)));
    } else {
      break;
    }
  }
  items.push(blocks(inner, depth + 1));
  found.push({ type: 'list', ordered: isOrdered, start: isOrdered ? Number.parseInt(first[2], 10) : 1, items });
  return next;
}

/** @param {string} text */
const inlines = (text) => new InlineParser(text, true).parse();

/**
 * A link that a reader may follow, else null.
 * @param {string} target
 */
export function safeHref(target) {
  if (target.length > LINK_CHARS_MAX || !/^(https?:\/\/|mailto:)/i.test(target)) return null;
  try {
    const url = new URL(target);
    return ['http:', 'https:', 'mailto:'].includes(url.protocol) ? url.href : null;
  } catch {
    return null;
  }
}

const PUNCTUATION = /[\p{P}\p{S}]/u;
const BARE = /(?:https?:\/\/|www\.)[^\s<>"`]+|[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{2,63}){1,4}/iy;
const MENTION = /@([A-Za-z0-9][\w.-]{0,31})/y;
const AUTOLINK = /<((?:https?:\/\/|mailto:)[^\s<>]{1,2000})>/iy;
const TARGET = /\(\s{0,3}(?:<([^<>\n]{0,2000})>|([^\s()<>]{0,2000}(?:\([^\s()<>]{0,500}\)[^\s()<>]{0,500}){0,3}))(?:\s{1,3}(?:"[^"\n]{0,200}"|'[^'\n]{0,200}'))?\s{0,3}\)/y;

class InlineParser {
  /** @param {string} text @param {boolean} isMarkdown */
  constructor(text, isMarkdown) {
    this.text = text;
    this.isMarkdown = isMarkdown;
    this.at = 0;
    /** Where the text that is not yet a node begins. */
    this.from = 0;
    /** @type {Inline[]} */
    this.nodes = [];
    /** @type {Delimiter[]} */
    this.delimiters = [];
    /** Open brackets: where they are among the nodes. @type {{ node: number, delimiters: number, active: boolean }[]} */
    this.brackets = [];
    /** Where each run of backticks begins, by its length, made when first asked for. @type {Map<number, number[]> | null} */
    this.ticks = null;
  }

  parse() {
    const { text } = this;
    while (this.at < text.length) {
      if (!this.step(text[this.at])) this.at += 1;
    }
    this.flush();
    this.emphasise(0);
    return merged(this.nodes);
  }

  /** Makes a node of the text so far. */
  flush() {
    if (this.from < this.at) this.nodes.push({ type: 'text', text: this.text.slice(this.from, this.at) });
    this.from = this.at;
  }

  /** @param {Inline} node @param {number} end */
  push(node, end) {
    this.flush();
    this.nodes.push(node);
    this.at = end;
    this.from = end;
    return true;
  }

  /** Whether something other than plain text began here and was taken. @param {string} sign */
  step(sign) {
    switch (sign) {
      case '\n':
        return this.push({ type: 'break' }, this.at + 1);
      case '@':
        return this.mention();
      case '<':
        return this.autolink();
      case 'h':
      case 'H':
      case 'w':
      case 'W':
        return this.bare();
      default:
        return this.isMarkdown ? this.markdownStep(sign) : this.mail(sign);
    }
  }

  /** @param {string} sign */
  markdownStep(sign) {
    switch (sign) {
      case '\\':
        return this.escape();
      case '`':
        return this.code();
      case '*':
      case '_':
      case '~':
        return this.delimiter(sign);
      case '[':
        return this.openBracket(1);
      case '!':
        return this.text[this.at + 1] === '[' && this.openBracket(2);
      case ']':
        return this.closeBracket();
      default:
        return this.mail(sign);
    }
  }

  escape() {
    const next = this.text[this.at + 1];
    if (next === undefined || !/[!-/:-@[-`{-~]/.test(next)) return false;
    return this.push({ type: 'text', text: next }, this.at + 2);
  }

  code() {
    const { text } = this;
    if (!this.ticks) {
      this.ticks = new Map();
      for (const run of text.matchAll(/`+/g)) {
        const same = this.ticks.get(run[0].length) ?? [];
        same.push(run.index);
        this.ticks.set(run[0].length, same);
      }
      for (const same of this.ticks.values()) same.reverse();
    }
    let end = this.at;
    while (text[end] === '`') end += 1;
    const length = end - this.at;
    const places = this.ticks.get(length) ?? [];
    while (places.length > 0 && places[places.length - 1] < end) places.pop();
    const close = places.pop();
    if (close === undefined) {
      this.at = end;
      return true;
    }
    let code = text.slice(end, close).replace(/\n/g, ' ');
    if (/^ .* $/.test(code) && code.trim() !== '') code = code.slice(1, -1);
    return this.push({ type: 'code', text: code }, close + length);
  }

  /** @param {RegExp} pattern */
  match(pattern) {
    pattern.lastIndex = this.at;
    return pattern.exec(this.text);
  }

  /** Whether a word begins here. */
  isAtWord() {
    return this.at === 0 || !/[\p{L}\p{N}_/@.]/u.test(this.text[this.at - 1]);
  }

  mention() {
    const found = this.isAtWord() && this.match(MENTION);
    if (!found) return false;
    const name = found[1].replace(/[.-]+$/, '');
    return this.push({ type: 'mention', name }, this.at + 1 + name.length);
  }

  autolink() {
    const found = this.match(AUTOLINK);
    const href = found && safeHref(found[1]);
    if (!found || !href) return false;
    return this.push({ type: 'link', href, children: [{ type: 'text', text: found[1] }] }, this.at + found[0].length);
  }

  bare() {
    if (!this.isAtWord()) return false;
    const found = this.match(BARE);
    if (!found) return false;
    return this.link(found[0]);
  }

  /** An address: only looked for where a word begins. @param {string} sign */
  mail(sign) {
    if (!/[A-Za-z0-9]/.test(sign) || !this.isAtWord()) return false;
    const found = this.match(BARE);
    if (found) return this.link(found[0]);
    // The rest of the word cannot begin an address either.
    const word = /[\w+-]*/y;
    word.lastIndex = this.at;
    const end = this.at + (word.exec(this.text)?.[0].length ?? 0);
    // An underscore may end emphasis: leave it to be seen.
    const underscore = this.text.indexOf('_', this.at);
    this.at = underscore >= 0 && underscore < end ? Math.max(underscore, this.at + 1) : Math.max(end, this.at + 1);
    return true;
  }

  /** @param {string} found */
  link(found) {
    let shown = found.replace(/[.,;:!?'*_~]+$/, '');
    // A closing bracket belongs to the sentence unless it was opened within.
    while (/[)\]]$/.test(shown) && count(shown, shown.slice(-1)) > count(shown, shown.endsWith(')') ? '(' : '[')) {
      shown = shown.slice(0, -1).replace(/[.,;:!?'*_~]+$/, '');
    }
    const target = /^www\./i.test(shown) ? `https://${shown}` : /^https?:/i.test(shown) ? shown : `mailto:${shown}`;
    const href = safeHref(target);
    if (!href || this.brackets.some((bracket) => bracket.active && bracket.node < 0)) return false;
    return this.push({ type: 'link', href, children: [{ type: 'text', text: shown }] }, this.at + shown.length);
  }

  /** @param {string} sign */
  delimiter(sign) {
    const { text } = this;
    let end = this.at;
    while (text[end] === sign) end += 1;
    const length = end - this.at;
    const before = this.at === 0 ? ' ' : text[this.at - 1];
    const after = text[end] ?? ' ';
    const [spaceBefore, spaceAfter] = [/\s/.test(before), /\s/.test(after)];
    const [signBefore, signAfter] = [PUNCTUATION.test(before), PUNCTUATION.test(after)];
    const left = !spaceAfter && (!signAfter || spaceBefore || signBefore);
    const right = !spaceBefore && (!signBefore || spaceAfter || signAfter);
    let [opens, closes] = [left, right];
    if (sign === '_') [opens, closes] = [left && (!right || signBefore), right && (!left || signAfter)];
    if (sign === '~' && length !== 2) [opens, closes] = [false, false];
    this.flush();
    if (opens || closes) {
      this.delimiters.push({ at: this.nodes.length, sign, count: length, original: length, opens, closes });
    }
    this.nodes.push({ type: 'text', text: text.slice(this.at, end) });
    this.at = end;
    this.from = end;
    return true;
  }

  /** @param {number} length */
  openBracket(length) {
    this.flush();
    this.brackets.push({ node: this.nodes.length, delimiters: this.delimiters.length, active: true });
    this.nodes.push({ type: 'text', text: this.text.slice(this.at, this.at + length) });
    this.at += length;
    this.from = this.at;
    return true;
  }

  closeBracket() {
    const bracket = this.brackets.pop();
    if (!bracket?.active || this.text[this.at + 1] !== '(') return false;
    this.at += 1;
    const found = this.match(TARGET);
    this.at -= 1;
    const href = found && safeHref(found[1] ?? found[2] ?? '');
    if (!found || !href) return false;
    this.flush();
    this.emphasise(bracket.delimiters);
    const inside = merged(this.nodes.splice(bracket.node).slice(1));
    const children = inside.length > 0 ? withoutLinks(inside) : [/** @type {Inline} */ ({ type: 'text', text: href })];
    // No link within a link.
    for (const outer of this.brackets) outer.active = false;
    return this.push({ type: 'link', href, children }, this.at + 1 + found[0].length);
  }

  /** Pairs the delimiters from `bottom` on and nests what is between them. @param {number} bottom */
  emphasise(bottom) {
    const all = this.delimiters.splice(bottom);
    /** How many of which sign a node opens or closes: `[node, kind]` in the order they nest. */
    /** @type {Map<number, { opens: string[], closes: string[] }>} */
    const marks = new Map();
    const markOf = (/** @type {number} */ node) => {
      const mark = marks.get(node) ?? { opens: [], closes: [] };
      marks.set(node, mark);
      return mark;
    };
    /** Openers that may still be closed. @type {Delimiter[]} */
    const open = [];
    /** Below this nothing opens what such a closer closes. @type {Map<string, number>} */
    const floors = new Map();
    for (const closer of all) {
      while (closer.closes && closer.count > 0) {
        const key = `${closer.sign}${closer.opens}${closer.original % 3}`;
        const floor = floors.get(key) ?? 0;
        let index = open.length - 1;
        while (index >= floor && !pairs(open[index], closer)) index -= 1;
        if (index < floor) {
          floors.set(key, open.length);
          break;
        }
        const opener = open[index];
        open.length = index + 1;
        for (const [other, height] of floors) floors.set(other, Math.min(height, open.length));
        const two = opener.count >= 2 && closer.count >= 2;
        const kind = closer.sign === '~' ? 'strike' : two ? 'strong' : 'emphasis';
        markOf(opener.at).opens.unshift(kind);
        markOf(closer.at).closes.push(kind);
        opener.count -= two ? 2 : 1;
        closer.count -= two ? 2 : 1;
        if (opener.count === 0) open.pop();
      }
      if (closer.opens && closer.count > 0) open.push(closer);
    }
    if (all.length === 0) return;
    this.nest(all, marks);
  }

  /**
   * @param {Delimiter[]} all
   * @param {Map<number, { opens: string[], closes: string[] }>} marks
   */
  nest(all, marks) {
    const first = all[0].at;
    const left = new Map(all.map((delimiter) => [delimiter.at, delimiter]));
    /** @type {Inline[][]} */
    const stack = [[]];
    for (let at = first; at < this.nodes.length; at += 1) {
      const delimiter = left.get(at);
      if (!delimiter) {
        stack[stack.length - 1].push(this.nodes[at]);
        continue;
      }
      const mark = marks.get(at) ?? { opens: [], closes: [] };
      for (const kind of mark.closes) {
        const children = /** @type {Inline[]} */ (stack.pop());
        const outer = stack[stack.length - 1];
        // Nobody means more than a few; a view must not recurse as deep as a stranger likes.
        if (stack.length > NESTING_MAX) for (const child of children) outer.push(child);
        else outer.push({ type: /** @type {'strong'} */ (kind), children: merged(children) });
      }
      if (delimiter.count > 0) {
        stack[stack.length - 1].push({ type: 'text', text: delimiter.sign.repeat(delimiter.count) });
      }
      for (let opened = 0; opened < mark.opens.length; opened += 1) stack.push([]);
    }
    this.nodes.length = first;
    for (const node of stack[0]) this.nodes.push(node);
  }
}

/** @param {Delimiter} opener @param {Delimiter} closer */
function pairs(opener, closer) {
  if (opener.sign !== closer.sign) return false;
  if (opener.sign === '~') return true;
  const isOdd = (opener.closes || closer.opens) && (opener.original + closer.original) % 3 === 0;
  return !isOdd || (opener.original % 3 === 0 && closer.original % 3 === 0);
}

/** @param {string} text @param {string} sign */
const count = (text, sign) => text.split(sign).length - 1;

/** Neighbouring texts as one. @param {Inline[]} nodes */
function merged(nodes) {
  /** @type {Inline[]} */
  const result = [];
  for (const node of nodes) {
    const last = result[result.length - 1];
    if (node.type === 'text' && last?.type === 'text') {
      result[result.length - 1] = { type: 'text', text: last.text + node.text };
    } else {
      result.push(node);
    }
  }
  return result;
}

/** @param {Inline[]} nodes @returns {Inline[]} */
function withoutLinks(nodes) {
  return nodes.flatMap((node) => {
    if (node.type === 'link') return node.children;
    if (node.type === 'mention') return [/** @type {Inline} */ ({ type: 'text', text: `@${node.name}` })];
    return 'children' in node ? [{ ...node, children: withoutLinks(node.children) }] : [node];
  });
}

/**
 * The words alone, on one line, for lists and notifications.
 * @param {string} text
 */
export function plainText(text) {
  /** @param {Inline[]} nodes @returns {string} */
  const ofInline = (nodes) =>
    nodes
      .map((node) => {
        if (node.type === 'break') return ' ';
        if (node.type === 'mention') return `@${node.name}`;
        return 'children' in node ? ofInline(node.children) : node.text;
      })
      .join('');
  /** @param {Block[]} found @returns {string} */
  const ofBlocks = (found) =>
    found
      .map((block) => {
        if (block.type === 'rule') return '';
        if (block.type === 'code_block') return block.text;
        if (block.type === 'list') return block.items.map(ofBlocks).join(' ');
        return block.type === 'quote' ? ofBlocks(block.children) : ofInline(block.children);
      })
      .join(' ');
  return ofBlocks(parseMarkdown(text)).replace(/\s+/g, ' ').trim();
}
