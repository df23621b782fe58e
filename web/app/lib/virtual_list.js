// A list of any length that renders what is in sight, and stays where the reader is whatever grows around it.
//
// Rows in sight lie between two spacers; heights are measured where rows were seen, else estimated. After each change
// the row that was looked at (or the end) is put back before the paint.
import { Component, createRef, html } from './html.js';

/** @import { Item, ListProps } from '../types.js' */

/** Rendered beyond the edges, in pixels. */
const MARGIN_PX = 700;
/** Nearer to an end than this, more is asked for. */
const NEAR_PX = 1_200;
/** Within this of the end, the reader is at the end. */
const END_PX = 24;
/** Passes of measuring in one turn; two are usual. */
const PASSES_MAX = 6;

/** @extends {Component<ListProps, { start: number, end: number }>} */
export class VirtualList extends Component {
  scroller = createRef();
  before = createRef();
  after = createRef();
  /** @type {Map<string, number>} */
  heights = new Map();
  /** @type {Map<Element, string>} */
  rows = new Map();
  /** Where each item begins, and at the last place where the list ends. */
  offsets = new Float64Array(1);
  /** @type {Item[] | null} */
  offsetsOf = null;
  /** What stays in place: an item with its distance from the top edge; null is the end. @type {{ key: string, top: number } | null} */
  anchor = null;
  width = 0;
  viewport = 0;
  setTo = -1;
  seenNonce = -1;
  hadFocus = false;
  focusedKey = '';
  isBegun = false;
  passes = 0;
  /** @type {Item[] | null} */
  keysOf = null;
  /** @type {Map<string, number>} */
  keys = new Map();
  state = { start: 0, end: 0 };

  componentDidMount() {
    this.props.handle.current = this;
    this.sizes = new ResizeObserver(() => this.settle());
    this.sizes.observe(this.scroller.current);
    this.settle();
  }

  componentDidUpdate() {
    this.settle();
    if (this.hadFocus && document.activeElement === document.body) {
      // The row was made anew (what was on its way has come), or is out of sight.
      const row = this.focusedKey && this.rowOf(this.focusedKey);
      (row || this.scroller.current).focus({ preventScroll: true });
    }
  }

  componentWillUnmount() {
    this.sizes?.disconnect();
  }

  /** @param {ListProps} props */
  measureOffsets(props) {
    const { items } = props;
    if (this.offsetsOf === items) return;
    const offsets = new Float64Array(items.length + 1);
    let at = 0;
    for (let index = 0; index < items.length; index += 1) {
      offsets[index] = at;
      at += this.heights.get(items[index].key) ?? items[index].estimate;
    }
    offsets[items.length] = at;
    this.offsets = offsets;
    this.offsetsOf = items;
  }

  /** The item at a distance from the list's beginning. @param {number} top */
  indexAt(top) {
    let [low, high] = [0, Math.max(0, this.offsets.length - 2)];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.offsets[middle] <= top) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  /** Measures what is rendered, puts the anchor back, and renders another run if this one does not fill the view. */
  settle() {
    const scroller = this.scroller.current;
    if (!scroller) return;
    const { items, target } = this.props;
    if (scroller.clientWidth !== this.width) {
      // Lines break elsewhere now: what was measured is but an estimate. Where the reader is stays.
      this.width = scroller.clientWidth;
      this.heights.clear();
      this.offsetsOf = null;
    }
    this.viewport = scroller.clientHeight;
    if (this.viewport === 0) return;
    let isChanged = false;
    for (const [row, key] of this.rows) {
      const height = row.getBoundingClientRect().height;
      if (height > 0 && Math.abs((this.heights.get(key) ?? -1) - height) > 0.01) {
        this.heights.set(key, height);
        isChanged = true;
      }
    }
    if (isChanged) this.offsetsOf = null;
    this.measureOffsets(this.props);
    if (!this.isBegun && items.length > 0 && !this.props.isBusy) {
      this.isBegun = true;
      const { startKey } = this.props;
      if (startKey !== null && this.indexOf(startKey) >= 0) this.anchor = { key: startKey, top: this.viewport / 5 };
    }
    if (target && target.nonce !== this.seenNonce) {
      const index = items.findIndex((item) => item.key === target.key);
      if (index >= 0) {
        this.seenNonce = target.nonce;
        const height = this.offsets[index + 1] - this.offsets[index];
        this.anchor = { key: target.key, top: Math.max(8, (this.viewport - height) / 2) };
      }
    }
    this.restore();
    this.fill();
  }

  /** Where the view would begin for the anchor to be where it was. */
  wantedTop() {
    const { items, isEndOpen } = this.props;
    const end = this.offsets[items.length] - this.viewport;
    if (!this.anchor) return isEndOpen && this.setTo >= 0 ? Math.min(this.setTo, end) : end;
    const { key, top } = this.anchor;
    const index = this.indexOf(key);
    if (index < 0) return Math.min(this.setTo, end);
    return Math.min(this.offsets[index] - top, end);
  }

  /** @param {string} key */
  indexOf(key) {
    const { items } = this.props;
    if (this.keysOf !== items) {
      this.keysOf = items;
      this.keys = new Map(items.map((item, index) => [item.key, index]));
    }
    return this.keys.get(key) ?? -1;
  }

  restore() {
    const scroller = this.scroller.current;
    const { items } = this.props;
    const { start, end } = this.clampedRange();
    this.before.current.style.height = `${this.offsets[start]}px`;
    this.after.current.style.height = `${this.offsets[items.length] - this.offsets[end]}px`;
    const top = Math.max(0, this.wantedTop());
    if (Math.abs(scroller.scrollTop - top) > 0.5) scroller.scrollTop = top;
    // The browser rounds: what it says is what a later scroll is compared with.
    this.setTo = scroller.scrollTop;
  }

  clampedRange() {
    const count = this.props.items.length;
    const start = Math.min(this.state.start, count);
    return { start, end: Math.max(start, Math.min(this.state.end, count)) };
  }

  /** Renders what is in sight and a margin. */
  fill() {
    const { items } = this.props;
    const top = Math.max(0, this.wantedTop());
    const start = items.length === 0 ? 0 : this.indexAt(top - MARGIN_PX);
    const end = items.length === 0 ? 0 : Math.min(items.length, this.indexAt(top + this.viewport + MARGIN_PX) + 1);
    if (start !== this.state.start || end !== this.state.end) {
      this.passes = this.passes + 1;
      if (this.passes <= PASSES_MAX) this.setState({ start, end });
      else this.passes = 0;
      return;
    }
    this.passes = 0;
    this.report(top);
  }

  /** @param {number} top */
  report(top) {
    const { items, onNearStart, onNearEnd, onMove, isEndOpen } = this.props;
    const total = this.offsets[items.length];
    const fromEnd = total - top - this.viewport;
    if (top < NEAR_PX) onNearStart?.();
    if (fromEnd < NEAR_PX) onNearEnd?.();
    if (items.length === 0 || !this.isBegun) return;
    // Who is at the end, by whatever way, stays there.
    if (fromEnd <= END_PX && !isEndOpen) this.anchor = null;
    const last = items[Math.min(items.length - 1, this.indexAt(Math.max(0, top + this.viewport - 1)))];
    onMove?.(fromEnd <= END_PX && !isEndOpen, last.key);
  }

  onScroll = () => {
    const top = this.scroller.current?.scrollTop;
    // The event may come when the list is gone.
    if (top === undefined) return;
    // The echo of our own setting.
    if (Math.abs(top - this.setTo) < 1) return;
    this.setTo = top;
    const { items, isEndOpen } = this.props;
    if (items.length === 0) return;
    const fromEnd = this.offsets[items.length] - top - this.viewport;
    if (fromEnd <= END_PX && !isEndOpen) {
      this.anchor = null;
    } else {
      // A message: a day's line may move when older ones come before it.
      let index = this.indexAt(top);
      const last = Math.min(items.length - 1, index + 3);
      while (index < last && !items[index].isAnchor) index += 1;
      this.anchor = { key: items[index].key, top: this.offsets[index] - top };
    }
    this.passes = 0;
    this.fill();
  };

  /** Goes to the end and stays there. */
  toEnd() {
    this.anchor = null;
    this.setTo = -1;
    this.settle();
  }

  /** What of a rendered row takes the focus. @param {string} key @returns {HTMLElement | null} */
  rowOf(key) {
    return this.scroller.current.querySelector(`[data-key="${CSS.escape(key)}"] [data-row]`);
  }

  /** Moves the focus between rows: they are in the list's own order, rendered or not. @param {KeyboardEvent} event */
  onKeyDown = (event) => {
    const row = /** @type {HTMLElement | null} */ (/** @type {HTMLElement} */ (event.target).closest('[data-key]'));
    const isList = event.target === this.scroller.current;
    if (!row && !isList) return;
    if (row && event.target !== row.querySelector('[data-row]')) return;
    const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (!step) return;
    const { items } = this.props;
    let index = row ? this.indexOf(row.dataset.key ?? '') + step : this.indexAt(this.setTo + this.viewport - 8);
    for (; index >= 0 && index < items.length; index += step) {
      const next = this.rowOf(items[index].key);
      if (next) {
        event.preventDefault();
        next.focus({ preventScroll: true });
        next.scrollIntoView({ block: 'nearest' });
        return;
      }
      if (index < this.state.start || index >= this.state.end) return;
    }
  };

  /** @param {Element | null} row @param {string} key */
  hold(row, key) {
    if (!row) return;
    this.rows.set(row, key);
    this.sizes?.observe(row);
  }

  componentWillUpdate() {
    const focused = /** @type {HTMLElement | null} */ (document.activeElement);
    this.hadFocus = this.scroller.current?.contains(focused) ?? false;
    this.focusedKey = (this.hadFocus && /** @type {HTMLElement | null} */ (focused?.closest('[data-key]'))?.dataset.key) || '';
  }

  render() {
    const { items, row, label, isBusy } = this.props;
    const { start, end } = this.clampedRange();
    // Rows that are gone are not measured any more.
    for (const element of this.rows.keys()) {
      if (!element.isConnected) {
        this.rows.delete(element);
        this.sizes?.unobserve(element);
      }
    }
    return html`<div
      class="timeline"
      ref=${this.scroller}
      tabindex="0"
      role="log"
      aria-live="off"
      aria-label=${label}
      aria-busy=${isBusy}
      onScroll=${this.onScroll}
      onKeyDown=${this.onKeyDown}
    >
      <div ref=${this.before}></div>
      ${items.slice(start, end).map(
        (item) => html`<${Row} key=${item.key} name=${item.key} item=${item} row=${row} list=${this} />`,
      )}
      <div ref=${this.after}></div>
    </div>`;
  }
}

/** @extends {Component<{ name: string, item: Item, row: (item: any) => any, list: VirtualList }>} */
class Row extends Component {
  element = createRef();

  componentDidMount() {
    this.props.list.hold(this.element.current, this.props.name);
  }

  componentWillUnmount() {
    const element = this.element.current;
    this.props.list.rows.delete(element);
    this.props.list.sizes?.unobserve(element);
  }

  render() {
    return html`<div data-key=${this.props.name} ref=${this.element}>${this.props.row(this.props.item)}</div>`;
  }
}
