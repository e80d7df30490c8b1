// The card check: a camera opens the page with the code behind `#`, which never left the device. It is sent in the form.
const form = document.querySelector("form[data-check]");
if (form && location.hash.length > 1) {
  form.elements.code.value = location.hash.slice(1);
  history.replaceState(null, "", location.pathname);
  form.submit();
} else if (form) form.elements.code.focus();
