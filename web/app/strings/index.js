// The words of the page, in the language that is chosen here.
import { en } from './en.js';

export const t = en;
