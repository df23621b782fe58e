// Begins the page.
import { html, render } from './lib/html.js';
import { chat } from './model/chat.js';
// It keeps every frame from the first on, whether anybody looks or not.
import './model/inspector.js';
import { App } from './views/app.js';

render(html`<${App} />`, /** @type {HTMLElement} */ (document.getElementById('page')));
void chat.start();
