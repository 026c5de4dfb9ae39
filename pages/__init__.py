"""One screen per file: read state, call one verb, draw from the store."""
