// Markdown as people write it in a chat, and as those write it who mean harm.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseMarkdown, parsePlain, plainText, safeHref } from '../app/lib/markdown.js';

/** A tree as one would read it aloud. */
function told(nodes) {
  return nodes
    .map((node) => {
      switch (node.type) {
        case 'text':
          return node.text;
        case 'break':
          return '⏎';
        case 'code':
          return `code(${node.text})`;
        case 'mention':
          return `@(${node.name})`;
        case 'link':
          return `link(${node.href} ${told(node.children)})`;
        case 'code_block':
          return `block(${node.language}|${node.text})`;
        case 'rule':
          return 'rule';
        case 'list':
          return `${node.ordered ? `ol${node.start}` : 'ul'}(${node.items.map(told).join('|')})`;
        case 'paragraph':
          return `p(${told(node.children)})`;
        case 'heading':
          return `h${node.level}(${told(node.children)})`;
        default:
          return `${node.type}(${told(node.children)})`;
      }
    })
    .join('');
}

const cases = [
  ['plain', 'p(plain)'],
  ['**b** *i* ***x*** _u_ ~~s~~ snake_case_name 2*3*4', 'p(strong(b) emphasis(i) emphasis(strong(x)) emphasis(u) strike(s) snake_case_name 2emphasis(3)4)'],
  ['** not bold ** and * not this', 'p(** not bold ** and * not this)'],
  ['a\nb\n\nc', 'p(a⏎b)p(c)'],
  ['`a*b*` ``c`d``', 'p(code(a*b*) code(c`d))'],
  ['\\*a\\*', 'p(*a*)'],
  ['# Title #', 'h1(Title)'],
  ['#channel', 'p(#channel)'],
  ['> q\n> r\nafter', 'quote(p(q⏎r))p(after)'],
  ['- a\n- b\n  - c', 'ul(p(a)|p(b)ul(p(c)))'],
  ['3. a\n4. b', 'ol3(p(a)|p(b))'],
  ['We have\n2. of them', 'p(We have⏎2. of them)'],
  ['```js\n<b>&*x*\n```', 'block(js|<b>&*x*)'],
  ['```\nnever closed', 'block(|never closed)'],
  ['---', 'rule'],
  ['see https://a.b/c_d_(e)?f=1#g. (http://x.y)', 'p(see link(https://a.b/c_d_(e)?f=1#g https://a.b/c_d_(e)?f=1#g). (link(http://x.y/ http://x.y)))'],
  ['www.a.de and me@a.org', 'p(link(https://www.a.de/ www.a.de) and link(mailto:me@a.org me@a.org))'],
  ['[a *b*](https://x.y "t")', 'p(link(https://x.y/ a emphasis(b)))'],
  ['![pic](https://x.y/z.png)', 'p(link(https://x.y/z.png pic))'],
  ['[[a](https://x.y)](https://z.z)', 'p([link(https://x.y/ a)](link(https://z.z/ https://z.z)))'],
  ['hi @ada, @here a@b @', 'p(hi @(ada), @(here) a@b @)'],
  ['<b>bold</b> <script>x</script> &amp;', 'p(<b>bold</b> <script>x</script> &amp;)'],
  ['**a *b** c*', 'p(emphasis(emphasis(a emphasis(b)) c))'],
];

for (const [text, wanted] of cases) {
  test(`markdown: ${JSON.stringify(text)}`, () => assert.equal(told(parseMarkdown(text)), wanted));
}

test('plain text has links, names and lines, and nothing else', () => {
  assert.equal(told(parsePlain('*a* `b`\n@ada https://x.y')), 'p(*a* `b`⏎@(ada) link(https://x.y/ https://x.y))');
});

test('only addresses that lead somewhere harmless are links', () => {
  for (const target of [
    'javascript:alert(1)', 'JaVaScRiPt:alert(1)', 'data:text/html,x', 'vbscript:x', 'file:///etc/passwd', '//x.y', '/x', 'x',
    ' https://x.y', 'java\nscript:x', 'blob:https://x.y/1', 'https://', `https://${'a'.repeat(3000)}`,
  ]) {
    assert.equal(safeHref(target), null, target);
    assert.ok(!told(parseMarkdown(`[a](${target})`)).includes('link(java'), target);
  }
  assert.equal(safeHref('HTTPS://X.Y'), 'https://x.y/');
});

test('the words alone', () => {
  assert.equal(plainText('# Hi\n**you** [there](https://x.y)\n- a\n- b `c` @ada'), 'Hi you there a b c @ada');
});

test('no text makes it recurse or despair', () => {
  const depth = (nodes) => 1 + Math.max(0, ...nodes.map((node) => Math.max(
    depth2(node.children), ...(node.items ?? []).map(depth))));
  const depth2 = (children) => (children ? depth(children) : 0);
  for (const piece of ['*', '**a', '[', '[a](', '![[', '`', '``a`', '_a', '<', '> ', '- ', '\n- a', '~~a ', 'http://a.', 'a@', '*a_b', '*_', '> - ', '[](a', '((', '@a', '*a ', '\\', '```\n', '# ', '\n']) {
    const text = piece.repeat(Math.floor(16_384 / piece.length));
    assert.ok(depth(parseMarkdown(text)) < 60, piece);
    plainText(text);
  }
  const nested = `${'*a '.repeat(2_700)}${'a* '.repeat(2_700)}`;
  assert.ok(depth(parseMarkdown(nested)) < 60);
});
