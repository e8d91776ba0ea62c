print("build-program")
