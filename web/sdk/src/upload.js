// Sending a file, with its progress where the platform can tell.
import { Problem } from './problem.js';
/** @import { UploadParts, UploadRequest } from './types/parts.js' */

/** @param {UploadParts} parts @returns {Promise<any>} */
export async function upload({ fetch, url, token, file, options: { filename, signal, onProgress } }) {
  const form = new FormData();
  form.append('file', file, filename ?? /** @type {{ name?: string }} */ (file).name ?? 'file');
  const headers = { accept: 'application/json', ...(token === null ? {} : { authorization: `Bearer ${token}` }) };
  if (signal?.aborted) throw new Problem('aborted', 'the caller ended the upload');
  if (typeof globalThis.XMLHttpRequest === 'function') return uploadWithProgress({ url, headers, form, signal, onProgress });
  onProgress?.({ sent: 0, total: file.size });
  let response;
  try {
    response = await fetch(url, { method: 'POST', headers, body: form, ...(signal ? { signal } : {}), credentials: 'omit' });
  } catch (error) {
    throw signal?.aborted ? new Problem('aborted', 'the caller ended the upload') : new Problem('offline', 'the server was not reached', { cause: error });
  }
  if (!response.ok) throw await Problem.fromResponse(response);
  onProgress?.({ sent: file.size, total: file.size });
  return response.json();
}

/** `fetch` does not say how far it is. @param {UploadRequest} parts @returns {Promise<any>} */
function uploadWithProgress({ url, headers, form, signal, onProgress }) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open('POST', url);
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    const abort = () => request.abort();
    signal?.addEventListener('abort', abort, { once: true });
    request.upload.onprogress = ({ loaded, total }) => onProgress?.({ sent: loaded, total });
    request.onabort = () => reject(new Problem('aborted', 'the caller ended the upload'));
    request.onerror = () => reject(new Problem('offline', 'the server was not reached'));
    request.onload = async () => {
      const response = new Response(request.responseText, {
        status: request.status,
        headers: { 'retry-after': request.getResponseHeader('retry-after') ?? '' },
      });
      try {
        if (!response.ok) throw await Problem.fromResponse(response);
        resolve(await response.json());
      } catch (error) {
        reject(error);
      }
    };
    request.onloadend = () => signal?.removeEventListener('abort', abort);
    request.send(form);
  });
}
