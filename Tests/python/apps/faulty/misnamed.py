def create_app():
    return None


the_application = lambda environ, start_response: []
