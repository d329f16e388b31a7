// Shortcuts, focus after a swap, copying, the lease's clock. The pages work without it.
"use strict";

(() => {
  const PREFERENCE = "mdm.shortcuts";
  const QUIET_AFTER_SWAP = 300; // ms in which a key is still meant for the page before
  const WARN_BEFORE = 2 * 60 * 1000; // ms before the lease ends
  let swappedAt = 0;

  const all = (selector, root = document) => [...root.querySelectorAll(selector)];

  // ---- Single keys: switchable (WCAG 2.1.4), never while somebody types

  function shortcutsOn() {
    try {
      return localStorage.getItem(PREFERENCE) !== "off";
    } catch {
      return true;
    }
  }

  function showShortcuts() {
    const on = shortcutsOn();
    document.documentElement.classList.toggle("no-shortcuts", !on);
    for (const button of all("[data-shortcuts]")) {
      button.hidden = false;
      button.setAttribute("aria-pressed", String(on));
      button.querySelector("span").textContent = on ? button.dataset.on : button.dataset.off;
    }
    for (const button of all("button[data-key]")) {
      if (on) button.setAttribute("aria-keyshortcuts", button.dataset.key);
      else button.removeAttribute("aria-keyshortcuts");
    }
  }

  function toggleShortcuts() {
    try {
      localStorage.setItem(PREFERENCE, shortcutsOn() ? "off" : "on");
    } catch {
      return;
    }
    showShortcuts();
  }

  function isTyping(target) {
    return target.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(target.tagName);
  }

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.repeat) return;
    if (isTyping(event.target) || !shortcutsOn()) return;
    if (performance.now() - swappedAt < QUIET_AFTER_SWAP) return;
    const key = event.key.toLowerCase();
    if (key === "/") {
      const box = document.querySelector("[data-search]");
      event.preventDefault();
      if (box) box.focus();
      else location.assign("/buscar");
      return;
    }
    if (!/^[a-z]$/.test(key)) return;
    const found = document.querySelector(`[data-key="${key}"]`);
    if (!found || found.disabled) return;
    event.preventDefault();
    if (found.tagName === "DETAILS") found.open = !found.open;
    else if (found.tagName === "TEXTAREA") found.focus();
    else found.click();
  });

  // ---- Copying, and hiding again what was shown

  document.addEventListener("click", async (event) => {
    const shortcuts = event.target.closest("[data-shortcuts]");
    if (shortcuts) toggleShortcuts();
    const copy = event.target.closest("[data-copy]");
    if (!copy) return;
    const text = document.getElementById(copy.dataset.copy).textContent.trim();
    try {
      await navigator.clipboard.writeText(text);
      say(copy.dataset.done);
    } catch {
      getSelection().selectAllChildren(document.getElementById(copy.dataset.copy));
    }
  });

  addEventListener("pagehide", () => {
    for (const shown of all("[data-revealed]")) shown.textContent = "•••";
  });

  addEventListener("pageshow", (event) => {
    if (event.persisted) location.reload();
  });

  function say(text) {
    const region = document.querySelector("#situacao [role=status]");
    if (region) region.textContent = text;
  }

  // ---- The lease: a warning two minutes before it ends

  function watchLeases() {
    for (const lease of all("[data-lease]")) {
      const left = Date.parse(lease.dataset.lease) - Date.now();
      lease.classList.toggle("lease-soon", left < WARN_BEFORE);
    }
  }
  setInterval(watchLeases, 10000);

  // ---- Focus: where the new content begins

  document.addEventListener("htmx:afterSwap", (event) => {
    swappedAt = performance.now();
    ready();
    const place = event.detail.target.id ? document.getElementById(event.detail.target.id) : null;
    const focus = place && (place.querySelector("[data-focus]") || place.querySelector("[role=alert]"));
    if (focus) {
      if (!focus.hasAttribute("tabindex")) focus.setAttribute("tabindex", "-1");
      focus.focus();
      if (focus.tagName === "H1") scrollTo(0, 0);
    } else if (place) {
      const value = place.querySelector("[data-revealed]");
      if (value) {
        value.setAttribute("tabindex", "-1");
        value.focus();
      }
    }
  });

  function ready() {
    for (const part of all(".js-only")) part.hidden = false;
    showShortcuts();
    watchLeases();
  }
  ready();
})();
