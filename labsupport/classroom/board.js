// Asks for the board each second and puts it in. A short question survives what a stream does not notice: a laptop
// that slept, another network, a server that was started again. Each has its own deadline, and the next one comes
// whatever became of it.
"use strict";

const EVERY = 1000, DEADLINE = 4000, PATIENCE = 2; // milliseconds, milliseconds, failures in a row
const board = document.querySelector(".board"), lost = document.querySelector(".lost");
let version = board.dataset.version, failures = 0, since = null;

async function ask() {
  const ends = new AbortController(), timer = setTimeout(() => ends.abort(), DEADLINE);
  try {
    const answer = await fetch("board?seen=" + encodeURIComponent(version), {signal: ends.signal, cache: "no-store"});
    if (!answer.ok) throw new Error(answer.status);
    const now = await answer.json();
    if (now.html !== null) {
      board.className = "board " + now.size;
      board.innerHTML = now.html;
      version = now.version;
    }
    failures = 0;
    since = null;
    document.body.classList.remove("is-lost");
    lost.textContent = "";
  } catch (problem) {
    failures += 1;
    since = since || new Date();
    if (failures >= PATIENCE && !lost.textContent) {
      document.body.classList.add("is-lost");
      lost.textContent = "✕ The connection to the class's server is lost since " + since.toLocaleTimeString()
        + ". What you see is old. This page goes on trying.";
    }
  } finally {
    clearTimeout(timer);
  }
}

async function follow() {
  await ask();
  setTimeout(follow, EVERY);
}

addEventListener("online", ask);
document.addEventListener("visibilitychange", () => document.hidden || ask());
follow();
