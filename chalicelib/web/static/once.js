// --- data-once: a form is sent once, however often its button is pressed ---

const PATIENCE_MS = 10_000;

each("form[data-once]", (form) => {
  const release = () => delete form.dataset.sent;
  form.addEventListener("submit", (event) => {
    if ("sent" in form.dataset) {
      event.preventDefault();
      return;
    }
    form.dataset.sent = "";
    setTimeout(release, PATIENCE_MS);
  });
  // A page that comes back with the back button comes back as it was left.
  addEventListener("pageshow", release);
});
