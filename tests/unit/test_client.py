from seenit.client import api_url
from shared.settings import Settings


def test_the_api_is_where_it_was_named_or_where_the_settings_say():
    assert api_url(Settings(_env_file=None, port=8001)) == "http://127.0.0.1:8001"
    assert api_url(Settings(_env_file=None, host="::1")) == "http://[::1]:8000"
    assert api_url(Settings(_env_file=None), "https://seenit.example/") == "https://seenit.example"
