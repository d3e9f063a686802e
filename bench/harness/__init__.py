"""The parts every scenario uses: servers, processes, load, and the arithmetic of the figures."""
