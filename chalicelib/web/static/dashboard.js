/**
 * Makes the dashboard easier to use. Every page works without it.
 *
 * Each behaviour is bound by a data- attribute and knows nothing of the others.
 */

const each = (selector, bind) => document.querySelectorAll(selector).forEach(bind);

// --- data-copies: a button copies the text of what it names ---

each("[data-copies]", (button) => {
  const label = button.textContent;
  button.hidden = false;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copies).textContent);
    button.textContent = "Copied";
    setTimeout(() => (button.textContent = label), 2_000);
  });
});

// --- data-dismisses: what was read can be put away ---

each("[data-dismisses]", (notice) => {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = "×";
  button.setAttribute("aria-label", "Dismiss");
  button.addEventListener("click", () => notice.remove());
  notice.append(button);
});

// --- data-opens: a link to a page that asks opens the same question here; data-shuts closes it ---

each("[data-opens]", (link) => {
  const dialog = document.getElementById(link.dataset.opens);
  link.addEventListener("click", (event) => {
    event.preventDefault();
    dialog.showModal();
  });
});

each("dialog [data-shuts]", (link) => {
  link.addEventListener("click", (event) => {
    event.preventDefault();
    link.closest("dialog").close();
  });
});

// --- data-closes: a list that was opened closes with Escape, and when one goes elsewhere ---

each("details[data-closes]", (details) => {
  details.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && details.open) {
      details.open = false;
      details.querySelector("summary").focus();
    }
  });
  addEventListener("pointerdown", (event) => {
    if (!details.contains(event.target)) details.open = false;
  });
  details.addEventListener("focusout", (event) => {
    if (event.relatedTarget && !details.contains(event.relatedTarget)) details.open = false;
  });
});

// --- data-relative: how long ago; exact in the viewer's time zone on hover ---

const UNITS = [
  ["year", 31_536_000],
  ["month", 2_592_000],
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
];
const exact = new Intl.DateTimeFormat("en", { dateStyle: "medium", timeStyle: "long" });
const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto" });

function ago(date) {
  const seconds = (date - Date.now()) / 1000;
  const [unit, length] = UNITS.find(([, size]) => Math.abs(seconds) >= size) ?? ["second", 1];
  return unit === "second" ? "just now" : relative.format(Math.round(seconds / length), unit);
}

each("time[data-relative]", (time) => {
  const date = new Date(time.dateTime);
  time.title = exact.format(date);
  const say = () => (time.textContent = ago(date));
  say();
  setInterval(say, 60_000);
});

// --- data-local: the exact time, in the viewer's time zone ---

each("time[data-local]", (time) => {
  time.textContent = exact.format(new Date(time.dateTime));
});

// {{text:once.js}}

// --- data-submits: a menu above a list takes effect as soon as something is chosen; its button is for who has no script ---

each("[data-submits]", (menu) => {
  menu.addEventListener("change", () => menu.form.requestSubmit());
});
