// The owner's token: it comes in the link's fragment, which a browser never sends, and stays in memory.
// It is taken out of the address bar at once, so that neither the history nor a copied address has it.

export function takeToken() {
  const token = new URLSearchParams(location.hash.slice(1)).get("token");
  if (token !== null) history.replaceState(null, "", location.pathname);
  return token;
}
