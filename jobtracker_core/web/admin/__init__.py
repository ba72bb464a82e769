"""The portal's pages for whoever runs the installation."""
