// htmx keeps the page's address in the session storage, whatever it is told, unless storing fails: so it fails here.
Storage.prototype.setItem = () => {
  throw new DOMException("Nothing is stored on this page.", "QuotaExceededError");
};
