/**
 * Renews a served page in place, so that neither the place that was scrolled to nor the keyboard's focus is lost. It rests
 * while the page is hidden, or on request. Without it the page is complete as well, only not renewed.
 */
export const script = `
const live = document.querySelector(".live");
const [state, button] = [live.querySelector("p"), live.querySelector("button")];
const everyMs = Number(live.dataset.seconds) * 1000;
let paused = false;
live.hidden = false;
button.addEventListener("click", () => {
  paused = !paused;
  button.setAttribute("aria-pressed", String(paused));
  button.textContent = paused ? "Resume" : "Pause";
  if (paused) state.textContent = "paused";
  else void renew();
});
async function renew() {
  try {
    const answer = await fetch(location.pathname, { cache: "no-store", signal: AbortSignal.timeout(20000) });
    if (!answer.ok) throw new Error(String(answer.status));
    const next = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const place of ["main", "#verdict"]) document.querySelector(place).replaceWith(document.adoptNode(next.querySelector(place)));
    document.title = next.title;
    state.textContent = "renewed every " + live.dataset.seconds + " s";
  } catch {
    state.textContent = "not renewed: pgstack does not answer. What you see is old.";
  }
}
setInterval(() => { if (!paused && !document.hidden) void renew(); }, everyMs);
`;
