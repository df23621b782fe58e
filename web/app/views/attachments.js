// Files of a message: pictures to look at, anything else to save.
import { chat } from '../model/chat.js';
import { ui } from '../model/ui.js';
import { html } from '../lib/html.js';
import { t } from '../strings/index.js';
import { usePicture } from './avatar.js';
import { Icon } from './icons.js';

/** @import { Attachment } from '../types.js' */

const SHOWN_MAX = { width: 420, height: 320 };

/** @param {{ files: Attachment[] }} props */
export function Attachments({ files }) {
  return html`<div class="attachments">
    ${files.map((file) => (file.thumbnail_url ? html`<${Picture} key=${file.id} file=${file} />` : html`<${File} key=${file.id} file=${file} />`))}
  </div>`;
}

/** Its place is kept before it is there, so that nothing jumps. @param {{ file: Attachment }} props */
function Picture({ file }) {
  const picture = usePicture(file.thumbnail_url ?? null);
  const scale = Math.min(1, SHOWN_MAX.width / (file.width ?? SHOWN_MAX.width), SHOWN_MAX.height / (file.height ?? SHOWN_MAX.height));
  const [width, height] = [Math.round((file.width ?? 240) * scale), Math.round((file.height ?? 180) * scale)];
  return html`<button
    type="button"
    class="image-button"
    aria-label=${t.openPicture(file.filename)}
    onClick=${() => ui.ask({ kind: 'picture', file })}
  >
    ${picture
      ? html`<img src=${picture} width=${width} height=${height} alt=${file.filename} />`
      : html`<svg width=${width} height=${height} viewBox=${`0 0 ${width} ${height}`} role="img" aria-label=${t.loading}></svg>`}
  </button>`;
}

/** @param {{ file: Attachment }} props */
function File({ file }) {
  return html`<button type="button" class="file" onClick=${() => void save(file)}>
    <${Icon} name="file" />
    <span class="grow">
      <strong class="cut" dir="auto">${file.filename}</strong>
      <span class="small muted">${t.size(file.size)}</span>
    </span>
    <span class="visually-hidden">${t.saveFile}</span>
  </button>`;
}

/** @param {Attachment} file */
export async function save(file) {
  const blob = await chat.attempt(chat.media.fetch(file.url));
  if (!blob) return;
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = file.filename;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
