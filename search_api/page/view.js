// Not a module: it runs before the first paint, so that a shared search does not begin as the start page.
{
  const asked = new URLSearchParams(location.search);
  const searches = ["image_id", "url", "key"].some((name) => asked.get(name));
  if (searches) document.documentElement.dataset.view = "search";
}
