app = 1 / 0
