"""`seenit serve`: the search API alone, reading what others write."""

from search_api import serve as api
from seenit import options
from seenit.console import told_plainly
from seenit.running import at_work, run


def serve(
    folder: options.Folder = None,
    data: options.Data = None,
    host: options.Host = None,
    port: options.Port = None,
) -> None:
    """Serve the search API and the page; never writes."""
    with told_plainly():
        settings = options.settings_for(folder, data, host=host, port=port)
        run(api.serve(settings, lambda url: at_work(f"Seenit is at {url}")))
