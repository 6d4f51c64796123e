"""The plugin processes of one run: one for each provider resource, started when it is needed."""

from __future__ import annotations

import threading
from collections.abc import Mapping

from dynamic_engine.processes.plugin import Output, Plugin
from dynamic_engine.project.project import Project
from dynamic_engine.state.resource import State


class PluginHost:
    """The plugins of one phase, by provider reference. A provider whose inputs changed gets a new process."""

    def __init__(self, project: Project, config: Mapping[str, str], output: Output) -> None:
        self._project = project
        self._config = config
        self._output = output
        self._lock = threading.Lock()
        self._plugins: dict[str, Plugin] = {}
        self._retired: list[Plugin] = []

    def start(self, provider: State) -> Plugin:
        """The plugin of *provider* (a provider resource), started if there is none with these inputs."""
        with self._lock:
            plugin = self._plugins.get(provider.ref)
            if plugin is not None and plugin.inputs == provider.inputs:
                return plugin
            if plugin is not None:
                self._retired.append(plugin)  # calls may still be running on it
            plugin = Plugin(self._project, provider, self._config, self._output)
            self._plugins[provider.ref] = plugin
            return plugin

    def stop(self) -> None:
        """Stop every process of this phase."""
        with self._lock:
            plugins = [*self._plugins.values(), *self._retired]
            self._plugins, self._retired = {}, []
        threads = [threading.Thread(target=plugin.stop) for plugin in plugins]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
