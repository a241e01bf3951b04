'use strict';
// The page knows nothing but the server that it came from: every request goes below the path that it was opened at.
const base = location.pathname.replace(/\/+$/, '') + '/';
const $ = (id) => document.getElementById(id);
const state = { metrics: [], metric: '', filters: [], pickers: new WeakMap(), answer: null, at: -1, asked: 0, view: 'explore' };

function el(name, attributes, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes || {})) {
    if (key.startsWith('on')) node.addEventListener(key.slice(2), value);
    else if (value !== undefined && value !== false) node.setAttribute(key, value === true ? '' : value);
  }
  node.append(...children.filter((child) => child !== undefined && child !== null));
  return node;
}

function say(text) { $('status').textContent = text; }

// An answer to another token than the one that is used now is nobody's.
const tell = (error) => error.stale || say(error.message);

// Replaces what stands in a box. The focus stays on what it stood on, which its key names; what is gone leaves it to the anchor.
function fill(box, anchor, ...nodes) {
  const at = document.activeElement, held = at !== box && box.contains(at);
  box.replaceChildren(...nodes);
  if (held) (keyed(box, at.dataset.key) || anchor).focus();
}

const keyed = (box, key) => [...box.querySelectorAll('[data-key]')].find((one) => one.dataset.key === key);

// Hides a part of the page. It cannot keep the focus, which goes to the anchor.
function hide(node, anchor) {
  if (node.contains(document.activeElement)) anchor.focus();
  node.hidden = true;
}

// Any token: what no header may hold is sent as a password.
function authorization(token) {
  if (/^[\x21-\x7e]+$/.test(token)) return 'Bearer ' + token;
  return 'Basic ' + btoa(String.fromCharCode(...new TextEncoder().encode(':' + token)));
}

async function get(path, parameters, signal) {
  const query = new URLSearchParams(parameters || {}).toString();
  const token = sessionStorage.getItem('datebin.token');
  const headers = token ? { Authorization: authorization(token) } : {};
  let response, body, json = null;
  try {
    response = await fetch(base + path + (query ? '?' + query : ''), { headers, signal });
    body = await response.text();
  } catch {
    throw new Error('the server does not answer');
  } finally {
    if (token !== sessionStorage.getItem('datebin.token')) throw Object.assign(new Error('another token is used now'), { stale: true });
  }
  try { json = JSON.parse(body); } catch { /* a text */ }
  if (response.ok) return { json, body, timing: response.headers.get('server-timing') || '' };
  if (response.status === 401) {
    $('access').open = true;
    $('token').focus();
    throw new Error(token ? 'the token is not valid' : 'this server asks for a token');
  }
  throw new Error((json && (json.message || json.error)) || 'the server answered ' + response.status);
}
