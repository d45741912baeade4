"""Where images come from. A source hands out what is stored; it knows neither rules nor reports."""
