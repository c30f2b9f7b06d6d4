"""How the page is served: a socket, the server, the worker beside it, and the browser that is opened."""
