"""`seenit serve`: the search API alone, reading what others write."""

from search_api.serve import run as run_api
from seenit import options
from seenit.console import told_plainly


def serve(
    folder: options.Folder = None,
    data: options.Data = None,
    host: options.Host = None,
    port: options.Port = None,
) -> None:
    """Serve the search API and the page; never writes."""
    with told_plainly():
        run_api(options.settings_for(folder, data, host=host, port=port))
