"""`seenit serve`: the search API alone, reading what others write."""

from search_api import serve as api
from seenit import options
from seenit.console import out, told_plainly
from seenit.running import run


def serve(
    folder: options.Folder = None,
    data: options.Data = None,
    host: options.Host = None,
    port: options.Port = None,
) -> None:
    """Serve the search API and the page; never writes."""
    with told_plainly():
        settings = options.settings_for(folder, data, host=host, port=port)
        run(api.serve(settings, lambda url: out.print(f"Seenit is at {url}", soft_wrap=True)))
