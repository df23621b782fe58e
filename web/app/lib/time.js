// Times in the reader's own form and zone.
import { t } from '../strings/index.js';

const time = new Intl.DateTimeFormat(undefined, { hour: 'numeric', minute: '2-digit' });
const weekday = new Intl.DateTimeFormat(undefined, { weekday: 'short' });
const day = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short' });
const dayOfYear = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short', year: 'numeric' });
const dayAndTime = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short', hour: 'numeric', minute: '2-digit' });
const longDay = new Intl.DateTimeFormat(undefined, { weekday: 'long', day: 'numeric', month: 'long' });
const longDayOfYear = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'long', year: 'numeric' });
const full = new Intl.DateTimeFormat(undefined, { dateStyle: 'full', timeStyle: 'medium' });

const DAY_MS = 86_400_000;

/** Whole days between two moments, by the reader's calendar. @param {Date} then @param {Date} now */
function daysBetween(then, now) {
  const midnight = (/** @type {Date} */ date) => new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime();
  return Math.round((midnight(now) - midnight(then)) / DAY_MS);
}

/** @param {string} moment */
export const timeOf = (moment) => time.format(new Date(moment));
/** @param {string} moment */
export const momentOf = (moment) => full.format(new Date(moment));
/** Names a day, for putting messages of the same day together. @param {string} moment */
export const dayKey = (moment) => new Date(moment).toDateString();

/** @param {string} moment */
export function dayOf(moment) {
  const [then, now] = [new Date(moment), new Date()];
  const days = daysBetween(then, now);
  if (days === 0) return t.today;
  if (days === 1) return t.yesterday;
  return (then.getFullYear() === now.getFullYear() ? longDay : longDayOfYear).format(then);
}

/** With its day, unless that is today. @param {string} moment */
export function pointInTime(moment) {
  const then = new Date(moment);
  return daysBetween(then, new Date()) === 0 ? time.format(then) : dayAndTime.format(then);
}

/** As short as a list needs it. @param {string} moment */
export function shortly(moment) {
  const [then, now] = [new Date(moment), new Date()];
  const days = daysBetween(then, now);
  if (days <= 0) return time.format(then);
  if (days === 1) return t.yesterday;
  if (days < 7) return weekday.format(then);
  return (then.getFullYear() === now.getFullYear() ? day : dayOfYear).format(then);
}
