"""The domain: observe, assess, converge, release. From the bottom: core, look, people, resources, then readiness; drift
and adoption side by side on top."""
