"""Two at once: change sets in either order, two pipelines, two processes for one refresh token."""
