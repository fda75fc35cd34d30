/**
 * Makes the sign-in pages easier to use. They work without it, but for the one that tells its outcome to another window.
 *
 * Each behaviour is bound by a data- attribute and knows nothing of the others.
 */

const each = (selector, bind) => document.querySelectorAll(selector).forEach(bind);

// --- data-reveals: a button shows the password it names, and hides it again before it is sent ---

each("[data-reveals]", (button) => {
  const input = document.getElementById(button.dataset.reveals);
  const reveal = (shown) => {
    input.type = shown ? "text" : "password";
    button.setAttribute("aria-pressed", String(shown));
  };
  button.hidden = false;
  button.addEventListener("click", () => reveal(input.type === "password"));
  input.form.addEventListener("submit", () => reveal(false));
});

// --- data-rules-for: a list of rules is ticked while one types ---

const SIGNS = {
  lowerCase: /[a-z]/,
  upperCase: /[A-Z]/,
  numbers: /[0-9]/,
  specialCharacters: /[ -/:-@[-`{-~]/,
};

/** Judge a password as core/password_strength.py does. Lengths and runs are counted in code points. */
const CHECKS = {
  nonEmpty: (password) => password !== "",
  lengthAtLeast: (password, count) => [...password].length >= count,
  shouldContain: (password, count, items) => items.every(Boolean),
  containsAtLeast: (password, count, items) => items.filter(Boolean).length >= count,
  identicalChars: (password, count) => password !== "" && !new RegExp(`(.)\\1{${count}}`, "su").test(password),
};

function judge(list, password, words) {
  return [...list.children].map((rule) => {
    const nested = rule.querySelector("ul");
    const items = nested ? judge(nested, password, words) : [];
    const { rule: code, count } = rule.dataset;
    const met = code in SIGNS ? SIGNS[code].test(password) : CHECKS[code](password, Number(count), items);
    const state = password === "" ? "" : met ? "met" : "unmet";
    rule.dataset.state = state;
    rule.querySelector(".spoken").textContent = words[state] ?? "";
    return met;
  });
}

each("[data-rules-for]", (list) => {
  const input = document.getElementById(list.dataset.rulesFor);
  const { met, unmet } = list.dataset;
  input.addEventListener("input", () => judge(list, input.value, { met, unmet }));
});

// {{text:once.js}}

// --- data-local: a time in the clock and the words of who reads it ---

each("time[data-local]", (time) => {
  const written = new Intl.DateTimeFormat(document.documentElement.lang, { dateStyle: "medium", timeStyle: "short" });
  time.textContent = written.format(new Date(time.dateTime));
});

// --- data-submits-itself: a form that needs nobody ---

each("form[data-submits-itself]", (form) => form.requestSubmit());

// --- data-tells: an authorization response for the window that framed or opened this one, if it is who it should be ---

each("[data-tells]", ({ dataset }) => {
  const listener = window.parent === window ? window.opener : window.parent;
  listener?.postMessage({ type: "authorization_response", response: JSON.parse(dataset.tells) }, dataset.targetOrigin);
});
